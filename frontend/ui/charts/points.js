// The points of metrics: merging pages of them, and smoothing.

import { isNumber } from "../kit/format.js"

/** @typedef {number | null} Value null where it was not finite */
/** @typedef {{ step: number[], value: Value[], epoch: number[], time: number[] }} Series time in s */
/** @typedef {Map<string, Series>} Points by metric */

/** Merges a page of points, replacing points of the same step; returns the changed metrics.
 * @param {Points} points
 * @param {Record<string, Series>} series
 */
export function mergePoints(points, series) {
  const changed = []
  for (const [key, more] of Object.entries(series)) {
    if (!more.step.length) continue
    const held = points.get(key) ?? { step: [], value: [], epoch: [], time: [] }
    points.set(key, held)
    for (let i = 0; i < more.step.length; i++) putPoint(held, more, i)
    changed.push(key)
  }
  return changed
}

/** @param {Series} held @param {Series} more @param {number} i */
function putPoint(held, more, i) {
  const step = more.step[i]
  let at = held.step.length
  while (at > 0 && held.step[at - 1] >= step) at--
  const replaces = held.step[at] === step ? 1 : 0
  held.step.splice(at, replaces, step)
  held.value.splice(at, replaces, more.value[i])
  held.epoch.splice(at, replaces, more.epoch[i])
  held.time.splice(at, replaces, more.time[i])
}

/** Metrics recorded at every step are smoothed; those of evaluations are not. @param {string} key */
export const isNoisy = (key) => key.startsWith("train/") && key !== "train/lr"

/** Debiased exponential moving average, which starts at the first value; gaps stay gaps.
 * @param {Value[]} values @param {number} weight of the past, 0 to 1
 */
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

/** The time of the first point of any metric, s; Infinity without points. @param {Points} points */
export function firstTime(points) {
  let first = Infinity
  for (const held of points.values()) first = Math.min(first, held.time[0] ?? Infinity)
  return first
}
