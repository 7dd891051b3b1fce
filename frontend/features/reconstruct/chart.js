// Loss of hidden patches by mask ratio, and its shares in the centre and in the sky, for this galaxy and a sample of
// validation galaxies, with the current ratio marked.

import { el, exists } from "../../ui/kit/dom.js"
import { isNumber, sentence } from "../../ui/kit/format.js"
import { svg } from "../../ui/kit/svg.js"
import { countHidden } from "./maths.js"
import { ladderFits, sampleFits, sidesOf } from "./net.js"

/** @import { RatioCurve } from "../../api/contract.d.ts" */
/** @import { Part } from "../../ui/kit/svg.js" */
/** @import { SampledCurve, SideCurve, State } from "./state.d.ts" */
/** @typedef {[ratio: number, value: number]} Point */
/** @typedef {(value: number) => number} Scale */
/** @typedef {{ x: Scale, width: number }} Frame */
/** @typedef {[word: string, kind: string, at: Point | undefined]} End a label at the last point of a line */
/** @typedef {Frame & { title: string, label: string, y: Scale, ticks: number[], unit?: number, foot?: boolean }} Axes */

const CHART = { height: 128, top: 20, right: 52, bottom: 18, left: 40, foot: 16 }
const SHARES = /** @type {const} */ ([["centre", "centre_shares", 0], ["sky", "sky_shares", 1]]) // name, key, colour

/** The available curves of the galaxy and of the sample. @param {State} state */
function curvesNow(state) {
  const sides = sidesOf(state)
  return {
    own: sides.flatMap((side) => (side.ladder && ladderFits(state, side) ? [{ name: side.name, curve: side.ladder.info.curve }] : [])),
    sampled: sides.flatMap((side) => (side.sample && sampleFits(state, side) ? [{ name: side.name, n: side.sample.rows.length, curve: side.sample.curve }] : [])),
  }
}

/** @param {State} state */
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
  const place = { x: (/** @type {number} */ ratio) => CHART.left + ratio * (width - CHART.left - CHART.right), width }
  state.chartX = place.x
  const charts = [chartKey(state, own, sampled), lossChart(state, own, sampled, place), shareChart(state, own, sampled, place)]
  state.chart.replaceChildren(...charts.filter(exists))
  markRatio(state)
}

/** @param {State} state @param {SideCurve[]} own @param {SampledCurve[]} sampled */
function chartKey(state, own, sampled) {
  const line = (/** @type {string} */ kind) => svg("svg", { width: 22, height: 8, "aria-hidden": "true" }, svg("line", { class: `curve key ${kind}`, x1: 0, x2: 22, y1: 4, y2: 4 }))
  const problems = [...new Set(sidesOf(state).map((side) => side.sampleProblem).filter(exists))]
  return el("p", { class: "key gx-soft" },
    own.length ? el("span", {}, line("one"), state.view.upload ? "this image" : "this galaxy") : null,
    sampled.length ? el("span", {}, line("many"), `mean of ${sampled[0].n} validation galaxies ± standard error`) : null,
    problems.map((words) => el("span", {}, sentence(words))))
}

/** @param {RatioCurve} curve @param {(number | null)[]} values @returns {Point[]} */
const pointsOf = (curve, values) => curve.ratios.flatMap((ratio, i) => {
  const value = values[i]
  return isNumber(value) ? [/** @type {Point} */ ([ratio, value])] : []
})
/** @param {Point[]} points @param {Scale} x @param {Scale} y */
const pathOf = (points, x, y) => points.map(([ratio, value], i) => `${i ? "L" : "M"}${x(ratio).toFixed(1)} ${y(value).toFixed(1)}`).join("")

/** @param {State} state @param {SideCurve[]} own @param {SampledCurve[]} sampled @param {Frame} frame */
function lossChart(state, own, sampled, { x, width }) {
  const errors = (/** @type {SideCurve} */ { curve }) => curve.losses.map((loss, i) => (isNumber(loss) ? loss + (curve.errors[i] ?? 0) : null))
  const values = [...own.flatMap(({ curve }) => curve.losses), ...sampled.flatMap(errors)].filter(isNumber)
  const top = niceTop(Math.max(...values))
  const y = heightOf(top)
  /** @type {End[]} */
  const ends = own.length < 2 ? [] : own.map(({ name, curve }) => [name.toUpperCase(), `end side-${name}`, pointsOf(curve, curve.losses).at(-1)])
  const words = [...own.map((one) => lossWords("this galaxy", one, own)), ...sampled.map((one) => lossWords(`the mean of ${one.n} validation galaxies`, one, sampled))].join("; ")
  return frameOf(state, { title: "Loss of hidden patches", label: `Loss of hidden patches by mask ratio. ${words}`, x, y, width, ticks: [0, top / 2, top] },
    sampled.map(({ name, curve }) => [
      svg("path", { class: `band side-${name}`, d: bandOf(curve, x, y) }),
      svg("path", { class: `curve many side-${name}`, d: pathOf(pointsOf(curve, curve.losses), x, y) })]),
    own.map(({ name, curve }) => svg("path", { class: `curve one side-${name}`, d: pathOf(pointsOf(curve, curve.losses), x, y) })),
    endLabels(ends, x, y))
}

/** Shares of side A only: more than four lines are not distinguishable.
 * @param {State} state
 * @param {SideCurve[]} own
 * @param {SampledCurve[]} sampled
 * @param {Frame} frame
 */
function shareChart(state, own, sampled, { x, width }) {
  const one = own.find(({ name }) => name === "a")
  const many = sampled.find(({ name }) => name === "a")
  const drawn = [one, many].filter(exists), shown = drawn[0]?.curve
  if (!shown) return null // B was quicker
  const top = niceTop(Math.max(...drawn.flatMap(({ curve }) => SHARES.flatMap(([, key]) => curve[key])).filter(isNumber), 0.1))
  const y = heightOf(Math.min(top, 1))
  /** @type {End[]} */
  const ends = SHARES.map(([name, key, colour]) => [name, `end share-${colour}`, pointsOf(shown, shown[key]).at(-1)])
  const title = `Share of the loss in the centre and in the sky${own.length > 1 ? " (A)" : ""}`
  return frameOf(state, { title, label: `${sentence(title)} ${SHARES.map(([name, key]) => shareWords(name, shown[key])).join("; ")}`,
    x, y, width, ticks: [0, Math.min(top, 1) / 2, Math.min(top, 1)], unit: 100, foot: true },
    SHARES.map(([, key, colour]) => [
      many ? svg("path", { class: `curve many share-${colour}`, d: pathOf(pointsOf(many.curve, many.curve[key]), x, y) }) : null,
      one ? svg("path", { class: `curve one share-${colour}`, d: pathOf(pointsOf(one.curve, one.curve[key]), x, y) }) : null]),
    endLabels(ends, x, y))
}

/** @param {number} top */
const heightOf = (top) => (/** @type {number} */ value) => CHART.height - CHART.bottom - (value / top) * (CHART.height - CHART.top - CHART.bottom)
/** @param {string} what @param {SideCurve} one @param {SideCurve[]} all */
const lossWords = (what, { name, curve }, all) => `${all.length > 1 ? `${name.toUpperCase()}, ` : ""}${what}: ${pointsOf(curve, curve.losses).filter((_, i) => i % 4 === 2).map(([ratio, loss]) => `${Math.round(100 * ratio)} % ${loss.toFixed(2)}`).join(", ")}`
/** @param {string} name @param {(number | null)[]} shares */
const shareWords = (name, shares) => `${name} ${shares.filter(isNumber).filter((_, i) => i % 4 === 2).map((share) => `${Math.round(100 * share)} %`).join(", ")}`

/** @param {RatioCurve} curve @param {Scale} x @param {Scale} y */
function bandOf(curve, x, y) {
  const at = (/** @type {1 | -1} */ sign) => pointsOf(curve, curve.losses.map((loss, i) => (isNumber(loss) ? loss + sign * (curve.errors[i] ?? 0) : null)))
  return `${pathOf(at(1), x, y)}${pathOf(at(-1).reverse(), x, y).replace("M", "L")}Z`
}

/** Axes, grid and the marker of the current ratio; the last chart has the axis title.
 * @param {State} state
 * @param {Axes} axes
 * @param {...Part} drawn
 */
function frameOf(state, { title, label, x, y, width, ticks, unit = 1, foot = false }, ...drawn) {
  const height = CHART.height + (foot ? CHART.foot : 0)
  const text = (/** @type {string} */ words, /** @type {Parameters<typeof svg>[1]} */ props) => svg("text", { class: "tick", ...props }, words)
  const marker = svg("line", { class: "marker", y1: CHART.top, y2: CHART.height - CHART.bottom })
  state.markers.push(marker)
  const written = (/** @type {number} */ value) => `${Number((unit * value).toPrecision(2))}${unit === 100 && value ? " %" : ""}`
  return svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": label },
    ticks.map((value) => [
      svg("line", { class: "grid", x1: x(0), x2: x(1), y1: y(value), y2: y(value) }),
      text(written(value), { x: x(0) - 6, y: y(value) + 4, "text-anchor": "end" })]),
    [0, 0.25, 0.5, 0.75, 1].map((ratio) => text(`${100 * ratio}${ratio === 1 ? " %" : ""}`, { x: x(ratio), y: CHART.height - 4, "text-anchor": "middle" })),
    text(title, { x: 0, y: 10 }),
    foot ? text("mask ratio", { x: x(0.5), y: height - 4, "text-anchor": "middle" }) : null,
    ...drawn, marker)
}

/** Labels at the right ends of lines, moved apart if they overlap. @param {End[]} ends @param {Scale} x @param {Scale} y */
function endLabels(ends, x, y) {
  const placed = ends.flatMap(([word, kind, at]) => (at ? [{ word, kind, x: x(at[0]) + 6, y: y(at[1]) + 4 }] : [])).sort((one, other) => one.y - other.y)
  for (let i = 1; i < placed.length; i++) placed[i].y = Math.max(placed[i].y, placed[i - 1].y + 12)
  return placed.map(({ word, kind, x: left, y: top }) => svg("text", { class: `tick ${kind}`, x: left, y: top }, word))
}

/** The next round number above. @param {number} value */
function niceTop(value) {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1e-6)))
  return power * ([1, 1.2, 1.5, 2, 3, 4, 5, 6, 8, 10].find((factor) => factor * power >= value * 1.02) ?? 12)
}

/** @param {State} state */
function markRatio(state) {
  if (!state.markers.length) return
  const share = state.mask && state.view.hidden ? countHidden(state.mask) / state.mask.length : state.view.ratio
  const at = state.chartX(share).toFixed(1)
  for (const marker of state.markers) {
    marker.setAttribute("x1", at)
    marker.setAttribute("x2", at)
  }
}
