// From points to lines: one per run, or the mean over seeds with a band.

import { AXES } from "../../../ui/charts/axes.js"
import { isNoisy, smooth } from "../../../ui/charts/points.js"
import { exists } from "../../../ui/kit/dom.js"
import { isNumber } from "../../../ui/kit/format.js"

/** @import { ComparedGroup, ComparedRun, CompareView } from "../../../api/contract.d.ts" */
/** @import { Line, Reference } from "../../../ui/charts/panel.js" */
/** @import { Series } from "../../../ui/charts/points.js" */
/** @import { Compared } from "./compare_curves.js" */
/** @typedef {Line & { y: number[] }} WholeLine without gaps */

const MOST_GRID = 3000

/** The x axes: those of one run, and two that also hold for runs of different cost. Null if unknown.
 * @type {Record<CompareView["x"], { title: string, of: (held: Series, start: number, run: ComparedRun, view: CompareView) => number[] | null }>}
 */
export const X_AXES = {
  ...AXES,
  images: { title: "training images seen", of: (held, _start, run) => held.step.map((step) => step * run.images) },
  flops: { title: "training FLOPs", of: flopsOf },
}

/** @param {Series} held @param {number} _start @param {ComparedRun} run @param {CompareView} view */
function flopsOf(held, _start, run, view) {
  const { flops } = run, before = view.pretraining ? run.before : 0
  return exists(flops) && exists(before) ? held.step.map((step) => before + step * flops) : null
}

/** Whether seeds are grouped: requested, and there are several. @param {Compared} state */
export const grouping = (state) => state.view.group && state.data.groups.some((group) => group.runs.length > 1)

/** The lines of one metric. @param {Compared} state @param {string} key @returns {Line[]} */
export function linesOf(state, key) {
  if (grouping(state)) return state.data.groups.flatMap((group) => groupLine(state, key, group))
  return state.shown.flatMap((run) => runLine(state, key, run))
}

/** @param {Compared} state @param {string} key @param {ComparedRun} run @returns {Line[]} */
function runLine(state, key, run) {
  const feed = state.feeds.get(run.id), held = feed?.points.get(key)
  const x = feed && held?.step.length ? X_AXES[state.view.x].of(held, feed.start, run, state.view) : null
  if (!held || !x) return []
  return [{ x, y: smooth(held.value, isNoisy(key) ? state.view.smoothing : 0), id: run.id, title: run.title, n: 1, style: run.style }]
}

/** @param {Compared} state @param {string} key @param {ComparedGroup} group @returns {Line[]} */
function groupLine(state, key, group) {
  const lines = state.shown.filter((run) => group.runs.includes(run.id)).flatMap((run) => runLine(state, key, run))
  const named = { id: group.id, title: group.title, style: group.style }
  if (lines.length < 2) return lines.map((line) => ({ ...line, ...named }))
  return [{ ...meanLine(lines.map(withoutGaps), state.view.band), ...named, n: lines.length }]
}

/** @param {Line} line @returns {WholeLine} */
function withoutGaps(line) {
  const kept = line.y.map((_, i) => i).filter((i) => isNumber(line.y[i]))
  return { ...line, x: kept.map((i) => line.x[i]), y: kept.map((i) => Number(line.y[i])) }
}

/** Mean and band over the common range, interpolated linearly.
 * @param {Pick<WholeLine, "x" | "y">[]} lines @param {CompareView["band"]} band the sample standard deviation, or lowest to highest
 */
export function meanLine(lines, band) {
  const x = commonGrid(lines)
  const columns = lines.map((line) => onGrid(line, x))
  const mean = [], low = [], high = []
  for (let i = 0; i < x.length; i++) {
    const values = columns.map((column) => column[i])
    const middle = meanOf(values)
    const reach = band === "std" ? sampleStd(values) : null
    mean.push(middle)
    low.push(reach === null ? Math.min(...values) : middle - reach)
    high.push(reach === null ? Math.max(...values) : middle + reach)
  }
  return { x, y: mean, low, high }
}

/** @param {number[]} values */
export const meanOf = (values) => values.reduce((sum, value) => sum + value, 0) / values.length

/** @param {number[]} values */
export function sampleStd(values) {
  const middle = meanOf(values)
  return Math.sqrt(values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1))
}

/** All x values in the common range of the lines, at most MOST_GRID. @param {Pick<Line, "x">[]} lines */
function commonGrid(lines) {
  const low = Math.max(...lines.map((line) => line.x[0])), high = Math.min(...lines.map((line) => line.x[line.x.length - 1]))
  const all = [...new Set(lines.flatMap((line) => line.x))].filter((x) => x >= low && x <= high).sort((a, b) => a - b)
  const every = Math.ceil(all.length / MOST_GRID)
  return all.filter((_, i) => i % every === 0 || i === all.length - 1)
}

/** @param {Pick<WholeLine, "x" | "y">} line @param {number[]} grid */
function onGrid(line, grid) {
  let i = 0
  return grid.map((x) => {
    while (i < line.x.length - 2 && line.x[i + 1] < x) i++
    const [x0, x1, y0, y1] = [line.x[i], line.x[i + 1] ?? line.x[i], line.y[i], line.y[i + 1] ?? line.y[i]]
    return x <= x0 || x1 === x0 ? (x > x0 ? y1 : y0) : x >= x1 ? y1 : y0 + ((x - x0) / (x1 - x0)) * (y1 - y0)
  })
}

/** References common to all runs drawn, for an accuracy. @param {Compared} state @param {string} key @returns {Reference[]} */
export function referencesOf(state, key) {
  const probe = key.match(/^val\/(?:(linear|knn)_)?(balanced_)?accuracy$/)
  if (!probe) return []
  const [, head, balanced = ""] = probe
  const references = [["majority", `majority_${balanced}accuracy`], ...(head ? [["raw pixels", `raw_pixel_${head}_${balanced}accuracy`]] : [])]
  return references.flatMap(([title, name]) => {
    const values = new Set(state.shown.map((run) => run.baselines[name]))
    const [value] = values
    return values.size === 1 && isNumber(value) ? [{ id: name, title, value }] : []
  })
}
