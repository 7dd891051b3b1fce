// Horizontal axes, ticks, and the numbers beside them.

import { percent } from "../kit/format.js"

/** @import { Series } from "./points.js" */
/** @typedef {"step" | "epoch" | "time"} AxisName */
/** @typedef {{ title: string, of: (held: Series, start: number) => number[] }} Axis `start` is the time of the first point, s */

/** @type {Record<AxisName, Axis>} */
export const AXES = {
  step: { title: "step", of: (held) => held.step },
  epoch: { title: "epoch", of: (held) => held.epoch },
  time: { title: "minutes since the first point, including pauses", of: (held, start) => held.time.map((t) => (t - start) / 60) },
}

/** The smallest of `steps` times a power of ten that is at least `value`, which is positive.
 * @param {number} value
 */
export function roundUp(value, steps = [1, 2, 5, 10]) {
  const power = 10 ** Math.floor(Math.log10(value))
  return (steps.find((one) => one * power >= value) ?? 10) * power
}

/** About `count` ticks at multiples of 1, 2 or 5 times a power of ten.
 * @param {number} low @param {number} high @param {number} count
 */
export function roundTicks(low, high, count) {
  const step = roundUp((0.999 * (high - low)) / Math.max(count, 1))
  const ticks = []
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) ticks.push(Number((i * step).toPrecision(12)))
  return ticks
}

/** Logarithmic ticks between two exponents of ten; linear ticks if they are close.
 * @param {number} low @param {number} high
 */
export function logTicks(low, high) {
  if (high - low < 0.7) return roundTicks(10 ** low, 10 ** high, 5)
  const factors = high - low > 2.5 ? [1] : high - low > 1.2 ? [1, 2, 5] : [1, 2, 3, 5, 7]
  const ticks = []
  for (let e = Math.floor(low); e <= high; e++) for (const factor of factors) ticks.push(factor * 10 ** e)
  const seen = ticks.filter((value) => Math.log10(value) >= low && Math.log10(value) <= high)
  return seen.length > 1 ? seen : roundTicks(10 ** low, 10 ** high, 4)
}

/** The marks that are more than `room(mark, before)` after the mark kept before them.
 * @template Mark
 * @param {Mark[]} marks
 * @param {(mark: Mark) => number} at
 * @param {(mark: Mark, before: Mark) => number} room
 */
export function spaced(marks, at, room) {
  /** @type {Mark[]} */
  const kept = []
  for (const mark of [...marks].sort((one, other) => at(one) - at(other))) {
    const before = kept.at(-1)
    if (before === undefined || at(mark) - at(before) > room(mark, before)) kept.push(mark)
  }
  return kept
}

const PREFIXES = /** @type {const} */ ([[1e18, "E"], [1e15, "P"], [1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]])

/** A number of at least 10,000 with an SI prefix: 2.5 P.
 * @param {number} value
 */
export function prefixed(value) {
  const found = Math.abs(value) >= 1e4 ? PREFIXES.find(([factor]) => Math.abs(value) >= factor) : undefined
  return found ? `${Number((value / found[0]).toPrecision(4))} ${found[1]}` : String(Number(value.toPrecision(6)))
}

/** @param {string} key a metric */
export const isShare = (key) => /accuracy|share|macro_f1/.test(key)
/** @param {string} key a metric */
export const isLoss = (key) => /loss$/.test(key)
/** @param {string} key a metric */
export const riseIsGood = (key) => /accuracy|rankme|macro_f1/.test(key)

/** @param {number} value */
const plainNumber = (value) => (value !== 0 && Math.abs(value) < 0.001 ? value.toExponential(2) : Math.abs(value) >= 1e4 ? prefixed(value) : Number(value.toPrecision(4)).toString())

/** The value of a metric. @param {string} key @param {number} value */
export const valueWords = (key, value) => (isShare(key) ? percent(value) : plainNumber(value))
/** The value of a metric at a tick. @param {string} key @param {number} value */
export const tickWords = (key, value) => (isShare(key) ? `${Number((100 * value).toPrecision(4))} %` : plainNumber(value))
