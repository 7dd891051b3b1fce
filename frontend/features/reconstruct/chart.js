// Loss of hidden patches by mask ratio, and its shares in the centre and in the sky, for this galaxy and a sample of
// validation galaxies, with the current ratio marked.

import { el, exists } from "../../ui/kit/dom.js"
import { isNumber, sentence } from "../../ui/kit/format.js"
import { countHidden } from "./maths.js"
import { ladderFits, sampleFits, sidesOf } from "./net.js"

const CHART = { height: 128, top: 20, right: 52, bottom: 18, left: 40, foot: 16 }
const SHARES = [["centre", "centre_shares", 0], ["sky", "sky_shares", 1]] // name, key, colour

function svg(tag, props, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag)
  for (const [key, value] of Object.entries(props)) if (exists(value)) node.setAttribute(key, value)
  node.append(...children.flat(Infinity).filter((child) => exists(child) && child !== false))
  return node
}

/** The available curves of the galaxy and of the sample. */
function curvesNow(state) {
  const own = sidesOf(state).filter((side) => ladderFits(state, side)).map((side) => ({ name: side.name, curve: side.ladder.info.curve }))
  const sampled = sidesOf(state).filter((side) => sampleFits(state, side)).map((side) => ({ name: side.name, n: side.sample.rows.length, curve: side.sample.curve }))
  return { own, sampled }
}

export function drawChart(state) {
  const { own, sampled } = curvesNow(state)
  const width = state.chart.clientWidth
  const drawn = JSON.stringify([width, own, sampled, sidesOf(state).map((side) => [side.problem, side.sampleProblem])])
  if (!width || drawn === state.chartDrawn) return markRatio(state)
  state.chartDrawn = drawn
  state.markers = []
  if (!own.length && !sampled.length) {
    const coming = sidesOf(state).some((side) => side.problem) ? "" : "Computing the loss by mask ratio…"
    return state.chart.replaceChildren(el("p", { class: "gx-soft" }, coming))
  }
  const place = { x: (ratio) => CHART.left + ratio * (width - CHART.left - CHART.right), width }
  state.chartX = place.x
  const charts = [chartKey(state, own, sampled), lossChart(state, own, sampled, place), shareChart(state, own, sampled, place)]
  state.chart.replaceChildren(...charts.filter(Boolean))
  markRatio(state)
}

function chartKey(state, own, sampled) {
  const line = (kind) => svg("svg", { width: 22, height: 8, "aria-hidden": "true" }, svg("line", { class: `curve key ${kind}`, x1: 0, x2: 22, y1: 4, y2: 4 }))
  const problems = [...new Set(sidesOf(state).map((side) => side.sampleProblem).filter(Boolean))]
  return el("p", { class: "key gx-soft" },
    own.length ? el("span", {}, line("one"), state.view.upload ? "this image" : "this galaxy") : null,
    sampled.length ? el("span", {}, line("many"), `mean of ${sampled[0].n} validation galaxies ± standard error`) : null,
    problems.map((words) => el("span", {}, sentence(words))))
}

const pointsOf = (curve, values) => curve.ratios.map((ratio, i) => [ratio, values[i]]).filter(([, value]) => isNumber(value))
const pathOf = (points, x, y) => points.map(([ratio, value], i) => `${i ? "L" : "M"}${x(ratio).toFixed(1)} ${y(value).toFixed(1)}`).join("")

function lossChart(state, own, sampled, { x, width }) {
  const errors = ({ curve }) => curve.losses.map((loss, i) => (isNumber(loss) ? loss + (curve.errors[i] ?? 0) : null))
  const values = [...own.flatMap(({ curve }) => curve.losses), ...sampled.flatMap(errors)].filter(isNumber)
  const top = niceTop(Math.max(...values))
  const y = heightOf(top)
  const ended = [...own.map(({ name, curve }) => [own.length > 1 ? name.toUpperCase() : "", `end side-${name}`, pointsOf(curve, curve.losses)])].filter(([word, , points]) => word && points.length)
  const words = [...own.map((one) => lossWords("this galaxy", one, own)), ...sampled.map((one) => lossWords(`the mean of ${one.n} validation galaxies`, one, sampled))].join("; ")
  return frameOf(state, { title: "Loss of hidden patches", label: `Loss of hidden patches by mask ratio. ${words}`, x, y, width, ticks: [0, top / 2, top] },
    sampled.map(({ name, curve }) => [
      svg("path", { class: `band side-${name}`, d: bandOf(curve, x, y) }),
      svg("path", { class: `curve many side-${name}`, d: pathOf(pointsOf(curve, curve.losses), x, y) })]),
    own.map(({ name, curve }) => svg("path", { class: `curve one side-${name}`, d: pathOf(pointsOf(curve, curve.losses), x, y) })),
    endLabels(ended.map(([word, kind, points]) => [word, kind, points.at(-1)]), x, y))
}

/** Shares of side A only: more than four lines are not distinguishable. */
function shareChart(state, own, sampled, { x, width }) {
  const one = own.find(({ name }) => name === "a")
  const many = sampled.find(({ name }) => name === "a")
  const drawn = [one, many].filter(Boolean)
  if (!drawn.length) return null // B was quicker
  const top = niceTop(Math.max(...drawn.flatMap(({ curve }) => SHARES.flatMap(([, key]) => curve[key])).filter(isNumber), 0.1))
  const y = heightOf(Math.min(top, 1))
  const ends = SHARES.map(([name, key, colour]) => [name, `end share-${colour}`, pointsOf((one ?? many).curve, (one ?? many).curve[key]).at(-1)])
  const title = `Share of the loss in the centre and in the sky${own.length > 1 ? " (A)" : ""}`
  return frameOf(state, { title, label: `${sentence(title)} ${SHARES.map(([name, key]) => shareWords(name, (one ?? many).curve[key])).join("; ")}`,
    x, y, width, ticks: [0, Math.min(top, 1) / 2, Math.min(top, 1)], unit: 100, foot: true },
    SHARES.map(([, key, colour]) => [
      many ? svg("path", { class: `curve many share-${colour}`, d: pathOf(pointsOf(many.curve, many.curve[key]), x, y) }) : null,
      one ? svg("path", { class: `curve one share-${colour}`, d: pathOf(pointsOf(one.curve, one.curve[key]), x, y) }) : null]),
    endLabels(ends.filter(([, , point]) => point), x, y))
}

const heightOf = (top) => (value) => CHART.height - CHART.bottom - (value / top) * (CHART.height - CHART.top - CHART.bottom)
const lossWords = (what, { name, curve }, all) => `${all.length > 1 ? `${name.toUpperCase()}, ` : ""}${what}: ${pointsOf(curve, curve.losses).filter((_, i) => i % 4 === 2).map(([ratio, loss]) => `${Math.round(100 * ratio)} % ${loss.toFixed(2)}`).join(", ")}`
const shareWords = (name, shares) => `${name} ${shares.filter(isNumber).filter((_, i) => i % 4 === 2).map((share) => `${Math.round(100 * share)} %`).join(", ")}`

function bandOf(curve, x, y) {
  const at = (sign) => pointsOf(curve, curve.losses.map((loss, i) => (isNumber(loss) ? loss + sign * (curve.errors[i] ?? 0) : null)))
  return `${pathOf(at(1), x, y)}${pathOf(at(-1).reverse(), x, y).replace("M", "L")}Z`
}

/** Axes, grid and the marker of the current ratio; the last chart has the axis title. */
function frameOf(state, { title, label, x, y, width, ticks, unit = 1, foot = false }, ...drawn) {
  const height = CHART.height + (foot ? CHART.foot : 0)
  const text = (words, props) => svg("text", { class: "tick", ...props }, words)
  const marker = svg("line", { class: "marker", y1: CHART.top, y2: CHART.height - CHART.bottom })
  state.markers.push(marker)
  const written = (value) => `${Number((unit * value).toPrecision(2))}${unit === 100 && value ? " %" : ""}`
  return svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": label },
    ticks.map((value) => [
      svg("line", { class: "grid", x1: x(0), x2: x(1), y1: y(value), y2: y(value) }),
      text(written(value), { x: x(0) - 6, y: y(value) + 4, "text-anchor": "end" })]),
    [0, 0.25, 0.5, 0.75, 1].map((ratio) => text(`${100 * ratio}${ratio === 1 ? " %" : ""}`, { x: x(ratio), y: CHART.height - 4, "text-anchor": "middle" })),
    text(title, { x: 0, y: 10 }),
    foot ? text("mask ratio", { x: x(0.5), y: height - 4, "text-anchor": "middle" }) : null,
    drawn, marker)
}

/** Labels at the right ends of lines, moved apart if they overlap. */
function endLabels(ends, x, y) {
  const placed = ends.map(([word, kind, [ratio, value]]) => ({ word, kind, x: x(ratio) + 6, y: y(value) + 4 })).sort((one, other) => one.y - other.y)
  for (let i = 1; i < placed.length; i++) placed[i].y = Math.max(placed[i].y, placed[i - 1].y + 12)
  return placed.map(({ word, kind, x: left, y: top }) => svg("text", { class: `tick ${kind}`, x: left, y: top }, word))
}

/** The next round number above. */
function niceTop(value) {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1e-6)))
  return power * [1, 1.2, 1.5, 2, 3, 4, 5, 6, 8, 10].find((factor) => factor * power >= value * 1.02)
}

function markRatio(state) {
  if (!state.markers?.length) return
  const share = state.mask && state.view.hidden ? countHidden(state.mask) / state.mask.length : state.view.ratio
  const at = state.chartX(share).toFixed(1)
  for (const marker of state.markers) {
    marker.setAttribute("x1", at)
    marker.setAttribute("x2", at)
  }
}
