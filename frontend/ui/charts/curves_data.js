// The points of a run's metrics, smoothing and ranges.

import { isNumber } from "../kit/format.js"

export const KEYS = [
  "train/loss", "val/loss", "train/lr", "train/images_per_s", "val/knn_accuracy", "val/knn_balanced_accuracy",
  "val/linear_accuracy", "val/linear_balanced_accuracy", "val/accuracy", "val/balanced_accuracy", "val/rankme", "val/centre_loss_share", "val/sky_loss_share",
]
export const MAX_POINTS = 2000
export const MAX_HELD = 6000
const COLUMNS = ["step", "value", "epoch", "time"]

/** Merges a page of points, replacing points of the same step; returns the changed keys. */
export function mergePoints(points, series) {
  const changed = []
  for (const [key, more] of Object.entries(series)) {
    if (!more.step.length) continue
    if (!points.has(key)) points.set(key, { step: [], value: [], epoch: [], time: [] })
    const held = points.get(key)
    for (let i = 0; i < more.step.length; i++) putPoint(held, more, i)
    changed.push(key)
  }
  return changed
}

function putPoint(held, more, i) {
  const step = more.step[i]
  let at = held.step.length
  while (at > 0 && held.step[at - 1] >= step) at--
  const replaces = held.step[at] === step ? 1 : 0
  for (const column of COLUMNS) held[column].splice(at, replaces, more[column][i])
}

/** Debiased exponential moving average, which starts at the first value; gaps stay gaps. */
export function smooth(values, weight) {
  if (!weight) return values
  let sum = 0, norm = 0
  return values.map((value) => {
    if (!isNumber(value)) return null
    sum = weight * sum + (1 - weight) * value
    norm = weight * norm + (1 - weight)
    return sum / norm
  })
}

export const AXES = {
  step: { title: "step", of: (held) => held.step },
  epoch: { title: "epoch", of: (held) => held.epoch },
  time: { title: "minutes since the first point", of: (held, start) => held.time.map((t) => (t - start) / 60) },
}

export function firstTime(points) {
  let first = Infinity
  for (const held of points.values()) first = Math.min(first, held.time[0] ?? Infinity)
  return first
}

/** [smallest, largest] x over all metrics, padded by 2 %; null without points. */
export function fullRange(points, axis) {
  const start = firstTime(points)
  let low = Infinity, high = -Infinity
  for (const held of points.values()) {
    const x = AXES[axis].of(held, start)
    if (!x.length) continue
    low = Math.min(low, x[0])
    high = Math.max(high, x[x.length - 1])
  }
  if (low > high) return null
  const pad = (high - low || 1) * 0.02
  return [low - pad, high + pad]
}

/** [low, high] of the finite values inside `range` of x, padded by 6 %. */
export function valueRange(lines, range, log) {
  let low = Infinity, high = -Infinity
  const see = (value) => {
    if (!isNumber(value) || (log && value <= 0)) return
    const v = log ? Math.log10(value) : value
    low = Math.min(low, v)
    high = Math.max(high, v)
  }
  for (const line of lines) {
    line.x.forEach((x, i) => { if (line.reference || (x >= range[0] && x <= range[1])) [line.y[i], line.raw?.[i]].forEach(see) })
  }
  if (low > high) return log ? [-1, 0] : [0, 1]
  const pad = (high - low || Math.abs(high) * 0.1 || 1) * 0.06
  return [low - pad, high + pad]
}

/** The last finite value at or before x, or null. */
export function valueAt(line, x) {
  let found = null
  for (let i = 0; i < line.x.length && line.x[i] <= x; i++) if (isNumber(line.y[i])) found = line.y[i]
  return found
}
