// From points to lines: one per run, or the mean over seeds with a band.

import { smooth } from "../../../ui/charts/curves_data.js"
import { isNumber } from "../../../ui/kit/format.js"
import { X_AXES } from "./axes.js"

const MOST_GRID = 3000
export const DASHES = [[], [7, 3], [2, 3]]

/** Whether seeds are grouped: requested, and there are several. */
export const grouping = (state) => state.view.group && state.data.groups.some((group) => group.runs.length > 1)

/** The lines of one metric: {id, title, n, style, x, y, low, high}. */
export function linesOf(state, key) {
  if (grouping(state)) return state.data.groups.flatMap((group) => groupLine(state, key, group))
  return state.shown.flatMap((run) => runLine(state, key, run))
}

function runLine(state, key, run) {
  const held = state.feeds.get(run.id)?.points.get(key)
  const x = held?.step.length ? X_AXES[state.view.x].of(held, run, state.view, state.feeds.get(run.id).start) : null
  if (!x) return []
  const line = finiteOnly(x, smooth(held.value, noisy(key) ? state.view.smoothing : 0))
  return [{ ...line, id: run.id, title: run.title, n: 1, style: run.style }]
}

/** Metrics recorded at every step are smoothed; those of evaluations are not. */
const noisy = (key) => key.startsWith("train/") && key !== "train/lr"

function finiteOnly(x, y) {
  const kept = y.map((value, i) => i).filter((i) => isNumber(y[i]))
  return kept.length === y.length ? { x, y } : { x: kept.map((i) => x[i]), y: kept.map((i) => y[i]) }
}

function groupLine(state, key, group) {
  const lines = state.shown.filter((run) => group.runs.includes(run.id)).flatMap((run) => runLine(state, key, run))
  if (lines.length < 2) return lines.map((line) => ({ ...line, title: group.title, id: group.id, style: group.style }))
  return [{ ...meanLine(lines, state.view.band), id: group.id, title: group.title, n: lines.length, style: group.style }]
}

/** Mean and band over the common range, interpolated linearly. */
function meanLine(lines, band) {
  const x = commonGrid(lines)
  const columns = lines.map((line) => onGrid(line, x))
  const mean = [], low = [], high = []
  for (let i = 0; i < x.length; i++) {
    const values = columns.map((column) => column[i])
    const middle = values.reduce((sum, value) => sum + value, 0) / values.length
    const reach = band === "std" ? sampleStd(values) : null
    mean.push(middle)
    low.push(reach === null ? Math.min(...values) : middle - reach)
    high.push(reach === null ? Math.max(...values) : middle + reach)
  }
  return { x, y: mean, low, high }
}

export function sampleStd(values) {
  const middle = values.reduce((sum, value) => sum + value, 0) / values.length
  return Math.sqrt(values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1))
}

/** All x values in the common range of the lines, at most MOST_GRID. */
function commonGrid(lines) {
  const low = Math.max(...lines.map((line) => line.x[0])), high = Math.min(...lines.map((line) => line.x.at(-1)))
  const all = [...new Set(lines.flatMap((line) => line.x))].filter((x) => x >= low && x <= high).sort((a, b) => a - b)
  const every = Math.ceil(all.length / MOST_GRID)
  return all.filter((_, i) => i % every === 0 || i === all.length - 1)
}

function onGrid(line, grid) {
  let i = 0
  return grid.map((x) => {
    while (i < line.x.length - 2 && line.x[i + 1] < x) i++
    const [x0, x1, y0, y1] = [line.x[i], line.x[i + 1] ?? line.x[i], line.y[i], line.y[i + 1] ?? line.y[i]]
    return x <= x0 || x1 === x0 ? (x > x0 ? y1 : y0) : x >= x1 ? y1 : y0 + ((x - x0) / (x1 - x0)) * (y1 - y0)
  })
}

/** [low, high] of x over all lines, padded by 2 %; null without points. */
export function wholeRange(panels) {
  let low = Infinity, high = -Infinity
  for (const { lines } of panels) for (const { x } of lines) {
    if (!x.length) continue
    low = Math.min(low, x[0])
    high = Math.max(high, x.at(-1))
  }
  if (low > high) return null
  const pad = (high - low || 1) * 0.02
  return [low - pad, high + pad]
}

/** [low, high] of the visible values, in exponents of ten if `log`. */
export function seenRange(lines, [from, to], log, references) {
  let low = Infinity, high = -Infinity
  const see = (value) => {
    if (!isNumber(value) || (log && value <= 0)) return
    low = Math.min(low, value)
    high = Math.max(high, value)
  }
  for (const line of lines) for (const [i, x] of line.x.entries()) {
    if (x < from || x > to) continue
    see(line.y[i])
    if (line.low) { see(line.low[i]); see(line.high[i]) }
  }
  references.forEach(({ value }) => see(value))
  if (low > high) return log ? [-1, 0] : [0, 1]
  const [a, b] = log ? [Math.log10(low), Math.log10(high)] : [low, high]
  const pad = (b - a || Math.abs(b) * 0.1 || 1) * 0.06
  return [a - pad, b + pad]
}

/** References common to all runs drawn, for an accuracy. */
export function referencesOf(state, key) {
  const probe = key.match(/^val\/(?:(linear|knn)_)?(balanced_)?accuracy$/)
  if (!probe) return []
  const [, head, balanced = ""] = probe
  const references = [[`majority_${balanced}accuracy`, "majority"], ...(head ? [[`raw_pixel_${head}_${balanced}accuracy`, "raw pixels"]] : [])]
  return references.flatMap(([name, title]) => {
    const values = new Set(state.shown.map((run) => run.baselines[name]))
    const [value] = values
    return values.size === 1 && isNumber(value) ? [{ title, value }] : []
  })
}
