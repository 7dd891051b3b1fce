// Loss of hidden patches by mask ratio, and its shares in the centre and in the sky, for this galaxy and a sample of
// validation galaxies, with the current ratio marked.

import { roundUp } from "../../ui/charts/axes.js"
import { columns, endNames, figure, pathThrough, plotOf, rows, svg, tick } from "../../ui/charts/svg_chart.js"
import { el, exists } from "../../ui/kit/dom.js"
import { isNumber, sentence } from "../../ui/kit/format.js"
import { countHidden } from "./maths.js"
import { ladderFits, sampleFits, sidesOf } from "./net.js"

/** @import { RatioCurve } from "../../api/contract.d.ts" */
/** @import { EndName, Plot } from "../../ui/charts/svg_chart.js" */
/** @import { Part } from "../../ui/kit/svg.js" */
/** @import { SampledCurve, SideCurve, State } from "./state.d.ts" */
/** @typedef {[ratio: number, value: number]} Point */
/** `foot` leaves room for the title of the axis.
 * @typedef {{ title: string, label: string, top: number, unit?: number, foot?: boolean }} Frame
 */

const CHART = { height: 128, top: 20, right: 52, bottom: 18, left: 40 }
const TITLE_PX = 16
const TOPS = [1, 1.2, 1.5, 2, 3, 4, 5, 6, 8, 10]
const RATIOS = [0, 0.25, 0.5, 0.75, 1]
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
  state.chartX = plotOf(width, CHART).x
  const charts = [chartKey(state, own, sampled), lossChart(state, own, sampled, width), shareChart(state, own, sampled, width)]
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
/** @param {Point[]} points @param {Plot} plot */
const pathOf = (points, { x, y }) => pathThrough(points.map(([ratio, value]) => [x(ratio), y(value)]))

/** A label at the last of the points. @param {string} word @param {string} kind @param {Point[]} points @param {Plot} plot @returns {EndName[]} */
const endOf = (word, kind, points, { x, y }) => points.slice(-1).map(([ratio, value]) => ({ word, kind: `tick ${kind}`, x: x(ratio), y: y(value) }))

/** @param {State} state @param {SideCurve[]} own @param {SampledCurve[]} sampled @param {number} width */
function lossChart(state, own, sampled, width) {
  const errors = (/** @type {SideCurve} */ { curve }) => curve.losses.map((loss, i) => (isNumber(loss) ? loss + (curve.errors[i] ?? 0) : null))
  const values = [...own.flatMap(({ curve }) => curve.losses), ...sampled.flatMap(errors)].filter(isNumber)
  const top = topOf(Math.max(...values)), plot = plotOf(width, CHART, [0, 1], [0, top])
  const words = [...own.map((one) => lossWords("this galaxy", one, own)), ...sampled.map((one) => lossWords(`the mean of ${one.n} validation galaxies`, one, sampled))].join("; ")
  const line = (/** @type {string} */ kind) => (/** @type {SideCurve} */ { name, curve }) =>
    svg("path", { class: `curve ${kind} side-${name}`, d: pathOf(pointsOf(curve, curve.losses), plot) })
  return frameOf(state, plot, { title: "Loss of hidden patches", label: `Loss of hidden patches by mask ratio. ${words}`, top },
    sampled.map(({ name, curve }) => svg("path", { class: `band side-${name}`, d: bandOf(curve, plot) })), sampled.map(line("many")), own.map(line("one")),
    own.length < 2 ? [] : endNames(own.flatMap(({ name, curve }) => endOf(name.toUpperCase(), `end side-${name}`, pointsOf(curve, curve.losses), plot)), 0, CHART.height))
}

/** Shares of side A only: more than four lines are not distinguishable.
 * @param {State} state
 * @param {SideCurve[]} own
 * @param {SampledCurve[]} sampled
 * @param {number} width
 */
function shareChart(state, own, sampled, width) {
  const one = own.find(({ name }) => name === "a")
  const many = sampled.find(({ name }) => name === "a")
  const drawn = [one, many].filter(exists), shown = drawn[0]?.curve
  if (!shown) return null // B was quicker
  const top = Math.min(topOf(Math.max(...drawn.flatMap(({ curve }) => SHARES.flatMap(([, key]) => curve[key])).filter(isNumber), 0.1)), 1)
  const plot = plotOf(width, CHART, [0, 1], [0, top])
  const title = `Share of the loss in the centre and in the sky${own.length > 1 ? " (A)" : ""}`
  const label = `${sentence(title)} ${SHARES.map(([name, key]) => shareWords(name, shown[key])).join("; ")}`
  const line = (/** @type {SideCurve | undefined} */ side, /** @type {string} */ kind) => side
    && SHARES.map(([, key, colour]) => svg("path", { class: `curve ${kind} share-${colour}`, d: pathOf(pointsOf(side.curve, side.curve[key]), plot) }))
  return frameOf(state, plot, { title, label, top, unit: 100, foot: true }, line(many, "many"), line(one, "one"),
    endNames(SHARES.flatMap(([name, key, colour]) => endOf(name, `end share-${colour}`, pointsOf(shown, shown[key]), plot)), 0, CHART.height))
}

/** The next round number above. @param {number} value */
const topOf = (value) => roundUp(Math.max(1.02 * value, 1e-6), TOPS)
/** @param {string} what @param {SideCurve} one @param {SideCurve[]} all */
const lossWords = (what, { name, curve }, all) => `${all.length > 1 ? `${name.toUpperCase()}, ` : ""}${what}: ${pointsOf(curve, curve.losses).filter((_, i) => i % 4 === 2).map(([ratio, loss]) => `${Math.round(100 * ratio)} % ${loss.toFixed(2)}`).join(", ")}`
/** @param {string} name @param {(number | null)[]} shares */
const shareWords = (name, shares) => `${name} ${shares.filter(isNumber).filter((_, i) => i % 4 === 2).map((share) => `${Math.round(100 * share)} %`).join(", ")}`

/** @param {RatioCurve} curve @param {Plot} plot */
function bandOf(curve, plot) {
  const at = (/** @type {1 | -1} */ sign) => pointsOf(curve, curve.losses.map((loss, i) => (isNumber(loss) ? loss + sign * (curve.errors[i] ?? 0) : null)))
  return `${pathOf(at(1), plot)}${pathOf(at(-1).reverse(), plot).replace("M", "L")}Z`
}

/** Axes, grid and the marker of the current ratio; the last chart has the axis title.
 * @param {State} state
 * @param {Plot} plot
 * @param {Frame} frame
 * @param {...Part} drawn
 */
function frameOf(state, plot, { title, label, top, unit = 1, foot = false }, ...drawn) {
  const height = CHART.height + (foot ? TITLE_PX : 0)
  const marker = svg("line", { class: "marker", y1: CHART.top, y2: plot.foot })
  state.markers.push(marker)
  return figure({ width: plot.width, height }, label,
    rows(plot, [0, top / 2, top], (value) => `${Number((unit * value).toPrecision(2))}${unit === 100 && value ? " %" : ""}`),
    columns(plot, RATIOS, (ratio) => `${100 * ratio}${ratio === 1 ? " %" : ""}`),
    tick(title, 0, 10, "start"), foot ? tick("mask ratio", plot.x(0.5), height - 4) : null,
    ...drawn, marker)
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
