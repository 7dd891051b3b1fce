// The data of a sweep as its Python passes it, its axes as scales, its values as words, and the cividis colour map.

import { roundTicks } from "../../ui/charts/axes.js"
import { colourAt, cssOf } from "../../ui/charts/colour_maps.js"
import { inPercent, shareTicks } from "../../ui/charts/svg_chart.js"
import { clamp, digits, isNumber, percent, plural } from "../../ui/kit/format.js"

/** @import { RunState } from "../../api/contract.d.ts" */
/** @typedef {{ key: string, title: string, higher_is_better: boolean, share: boolean }} Objective */
/** @typedef {{ field: string, label: string, text: string, numeric: boolean, log: boolean, words: string[] }} Axis */
/** @typedef {{ id: string | null, seed: number, state: RunState | "missing", early: boolean, reason: string, best: number | null,
 *   best_epoch: number | null, last: number | null, last_epoch: number | null }} Seed */
/** @typedef {{ values: unknown[], words: string[], mean: number | null, std: number | null, n: number, runs: Seed[] }} Setting */
/** @typedef {{ objective: Objective, axes: Axis[], settings: Setting[], references: [name: string, value: number][], seeds: number }} Sweep */
/** @typedef {[share: number, words: string]} Tick */
/** @typedef {{ at: (value: unknown, words: string) => number, ticks: Tick[] }} Scale */

const CIVIDIS = [
  [0, 32, 77], [0, 51, 111], [57, 72, 107], [87, 92, 109], [112, 113, 115],
  [138, 135, 121], [166, 157, 117], [196, 181, 108], [228, 207, 91], [255, 234, 70],
]

/** A cividis colour for a share, avoiding the end that blends into the background. @param {number} share @param {boolean} dark */
export function cividisAt(share, dark) {
  const kept = dark ? 0.28 + 0.72 * share : 0.86 * share
  return cssOf(colourAt(CIVIDIS, clamp(kept, 0, 1)))
}

/** @param {Objective} objective @param {number | null} value */
export const figureWords = ({ share }, value) => (isNumber(value) ? (share ? percent(value) : digits(value, 4)) : "–")

/** A value of a seed and the epoch that reached it. @param {Objective} objective @param {number} value @param {number | null} epoch */
export const atEpoch = (objective, value, epoch) => `${figureWords(objective, value)} at epoch ${digits(epoch ?? 0, 4)}`

/** @param {number} value */
function shortNumber(value) {
  const tiny = value !== 0 && Math.abs(value) < 1e-3
  return tiny || Math.abs(value) >= 1e5 ? Number(value.toPrecision(2)).toExponential().replace("e+", "e") : digits(value)
}

/** Powers of ten in the range, else its ends. @param {number} low @param {number} high */
function powersOfTen(low, high) {
  const first = Math.ceil(Math.log10(low) - 1e-9), last = Math.floor(Math.log10(high) + 1e-9)
  const powers = Array.from({ length: Math.max(last - first + 1, 0) }, (_, i) => 10 ** (first + i))
  return powers.length > 1 ? powers : [low, high]
}

/** Maps the values of an axis to 0 … 1; words are evenly spaced. @param {Axis} axis @param {unknown[]} values @returns {Scale} */
export function axisScale(axis, values, most = 5) {
  if (!axis.numeric) {
    const place = (/** @type {string} */ words) => (axis.words.length > 1 ? axis.words.indexOf(words) / (axis.words.length - 1) : 0.5)
    return { at: (_, words) => place(words), ticks: axis.words.map((words) => [place(words), words]) }
  }
  const own = [...new Set(values.map(Number))], low = Math.min(...own), high = Math.max(...own)
  const turn = axis.log ? Math.log : Number
  const at = (/** @type {unknown} */ value) => (high > low ? (turn(Number(value)) - turn(low)) / (turn(high) - turn(low)) : 0.5)
  const marks = own.length <= 5 ? own : axis.log ? powersOfTen(low, high) : roundTicks(low, high, most)
  return { at, ticks: marks.map((value) => [at(value), shortNumber(value)]) }
}

/** The scale of the objective, including references: shares in per cent, others in round numbers.
 * @param {Pick<Sweep, "objective" | "settings" | "references">} sweep with a mean or a best value */
export function figureScale({ objective, settings, references }) {
  const own = settings.flatMap(({ mean, runs }) => [mean, ...runs.map(({ best }) => best)]).filter(isNumber)
  const all = [...own, ...references.map(([, value]) => value)]
  const low = Math.min(...all), high = Math.max(...all), room = (high - low || Math.abs(high) || 1) * 0.04
  const ticks = objective.share ? shareTicks(low, high) : roundTicks(low - room, high + room, 5)
  const [from, to] = objective.share ? [ticks[0], ticks[ticks.length - 1]] : [low - room, high + room]
  const at = (/** @type {number} */ value) => (to > from ? (value - from) / (to - from) : 0.5)
  return { ticks, at, words: objective.share ? inPercent : shortNumber }
}

/** @param {Pick<Sweep, "objective">} sweep */
export const figureTitle = ({ objective }) => `${objective.title}, validation${objective.share ? ", %" : ""}`

/** @param {Sweep} sweep @param {Setting} setting */
export const valueWords = ({ axes }, setting) => axes.map(({ field }, i) => `${field} ${setting.words[i]}`).join(", ")

/** @param {Sweep} sweep @param {Setting} setting */
export function settingWords(sweep, setting) {
  const { mean, std, n, runs } = setting, early = runs.filter((run) => run.early).length
  const figure = `${figureWords(sweep.objective, mean)}${isNumber(std) ? ` ± ${figureWords(sweep.objective, std)}` : ""}`
  return `${valueWords(sweep, setting)}: ${figure}, ${n} of ${plural(runs.length, "seed")}${early ? `, ${early} stopped early` : ""}`
}

/** The settings that have a figure. @param {Setting[]} settings */
export const measured = (settings) => settings.filter(/** @returns {one is Setting & { mean: number }} */ (one) => isNumber(one.mean))

/** [worst, best] mean. @param {Pick<Sweep, "settings" | "objective">} sweep */
export function meanRange({ settings, objective }) {
  const means = measured(settings).map(({ mean }) => mean)
  const ends = [Math.min(...means), Math.max(...means)]
  return objective.higher_is_better ? ends : ends.reverse()
}
