// Helpers of sweep figures: axis scales, number formatting, and the cividis colour map.

import { inPercent, shareTicks } from "../../ui/charts/svg_chart.js"
import { isNumber, percent } from "../../ui/kit/format.js"

const CIVIDIS = [
  [0, 32, 77], [0, 51, 111], [57, 72, 107], [87, 92, 109], [112, 113, 115],
  [138, 135, 121], [166, 157, 117], [196, 181, 108], [228, 207, 91], [255, 234, 70],
]

/** A cividis colour for a share, avoiding the end that blends into the background. */
export function cividisAt(share, dark) {
  const kept = dark ? 0.28 + 0.72 * share : 0.86 * share
  const place = Math.min(Math.max(kept, 0), 1) * (CIVIDIS.length - 1)
  const before = Math.min(Math.floor(place), CIVIDIS.length - 2)
  return `rgb(${CIVIDIS[before].map((from, c) => Math.round(from + (place - before) * (CIVIDIS[before + 1][c] - from))).join(" ")})`
}

export const figureWords = (objective, value) => (isNumber(value) ? (objective.share ? percent(value) : Number(value.toPrecision(4)).toString()) : "–")
const shortNumber = (value) => (value !== 0 && (Math.abs(value) < 1e-3 || Math.abs(value) >= 1e5) ? Number(value.toPrecision(2)).toExponential().replace("e+", "e") : String(Number(value.toPrecision(3))))

/** About `most` round numbers from `low` to `high`. */
function roundTicks(low, high, most = 5) {
  if (!(high > low)) return [low]
  const rough = (high - low) / most, power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map((one) => one * power).find((one) => one >= rough)
  const first = Math.ceil(low / step - 1e-9)
  return Array.from({ length: Math.floor(high / step + 1e-9) - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)))
}

/** Powers of ten in the range, else its ends. */
function logTicks(low, high) {
  const first = Math.ceil(Math.log10(low) - 1e-9), last = Math.floor(Math.log10(high) + 1e-9)
  const powers = Array.from({ length: Math.max(last - first + 1, 0) }, (_, i) => 10 ** (first + i))
  return powers.length > 1 ? powers : [low, high]
}

/** Maps the values of an axis to 0 … 1, with ticks as [share, text]; words are evenly spaced. */
export function axisScale(axis, values, most = 5) {
  if (!axis.numeric) {
    const place = (word) => (axis.words.length > 1 ? axis.words.indexOf(word) / (axis.words.length - 1) : 0.5)
    return { at: (_, word) => place(word), ticks: axis.words.map((word) => [place(word), word]) }
  }
  const turn = axis.log ? Math.log : (value) => value
  const low = Math.min(...values), high = Math.max(...values)
  const at = (value) => (high > low ? (turn(value) - turn(low)) / (turn(high) - turn(low)) : 0.5)
  const own = [...new Set(values)]
  const marks = own.length <= 5 ? own : axis.log ? logTicks(low, high) : roundTicks(low, high, most)
  return { at, ticks: marks.map((value) => [at(value), shortNumber(value)]) }
}

/** The scale of the objective, including references: shares in per cent, others in round numbers. */
export function figureScale({ objective, settings, references }) {
  const own = settings.flatMap(({ mean, runs }) => [mean, ...runs.map(({ best }) => best)]).filter(isNumber)
  const all = [...own, ...references.map(([, value]) => value)]
  if (!own.length) return null
  const low = Math.min(...all), high = Math.max(...all), room = (high - low || Math.abs(high) || 1) * 0.04
  const ticks = objective.share ? shareTicks(low, high) : roundTicks(low - room, high + room)
  const [from, to] = objective.share ? [ticks[0], ticks.at(-1)] : [low - room, high + room]
  return { ticks, at: (value) => (to > from ? (value - from) / (to - from) : 0.5), words: (value) => (objective.share ? inPercent(value) : shortNumber(value)) }
}

export const figureTitle = ({ objective }) => `${objective.title}, validation${objective.share ? ", %" : ""}`

export function settingWords({ axes, objective }, setting) {
  const values = axes.map(({ field }, i) => `${field} ${setting.words[i]}`).join(", ")
  return `${values}: ${figureWords(objective, setting.mean)}${isNumber(setting.std) ? ` ± ${figureWords(objective, setting.std)}` : ""}, ${setting.n} of ${setting.runs.length} seed${setting.runs.length === 1 ? "" : "s"}${stoppedWords(setting)}`
}

function stoppedWords({ runs }) {
  const early = runs.filter((run) => run.early).length
  return early ? `, ${early} stopped early` : ""
}
