// One panel of curves: what is drawn in it, and where. Run draws panels with Plotly, Compare on a canvas, both alike.

import { isNumber } from "../kit/format.js"
import { logTicks, roundTicks, tickWords, valueWords } from "./axes.js"

/** @import { Value } from "./points.js" */
/** @typedef {[low: number, high: number]} Range */
/** @typedef {{ colour: number, dash: number }} Style indexes into the series of the palette, and into DASHES */
/** `raw` are the values before smoothing, `low` to `high` a band, `n` the runs behind a mean.
 * @typedef {{ id: string, title: string, x: number[], y: Value[], raw?: Value[], low?: number[], high?: number[], n?: number, style: Style }} Line
 */
/** @typedef {{ id: string, title: string, value: number, style?: Style }} Reference a dashed line across the panel */
/** @typedef {{ width: number, height: number, left: number, right: number, top: number, inner: number, tall: number }} Frame in px */
/** `y` is in exponents of ten if `log`; `key` is the metric whose numbers are written; `subject` and `unitTitle` stand in a
 * saved figure only: whose curves these are, and the title of the vertical axis; `mark` is a vertical line with words.
 * @typedef {{ key: string, title: string, subject?: string, unitTitle: string, frame: Frame, x: Range, y: Range, log: boolean, lines: Line[], references: Reference[],
 *   axisTitle: string, endWords: (line: Line | Reference, value: number) => string, mark?: { x: number, words: string } | null, thin?: boolean }} Panel
 */

export const DASHES = [[], [7, 3], [2, 3]]
const MOST_NAMED = 5
const NAME_GAP = 13

/** @param {number} width @param {number} height @param {number} right @param {number} [top] @returns {Frame} */
export const frameOf = (width, height, right, top = 8) => ({ width, height, left: 56, right, top, inner: width - 56 - right, tall: height - top - 36 })

/** @param {Pick<Panel, "frame" | "x">} panel @param {number} value */
export const placeX = ({ frame, x }, value) => frame.left + ((value - x[0]) / (x[1] - x[0])) * frame.inner

/** @param {Pick<Panel, "frame" | "y" | "log">} panel @param {number} value */
export function placeY({ frame, y, log }, value) {
  const share = ((log ? Math.log10(value) : value) - y[0]) / (y[1] - y[0])
  return frame.top + (1 - share) * frame.tall
}

/** @param {Pick<Panel, "frame" | "x">} panel */
export const ticksOfX = ({ frame, x }) => roundTicks(...x, Math.max(Math.floor(frame.inner / 64), 2))

/** @param {Panel} panel @returns {{ value: number, words: string }[]} */
export function ticksOfY({ frame, y, log, key }) {
  const values = log ? logTicks(...y) : roundTicks(...y, Math.max(Math.floor(frame.tall / 44), 2))
  return values.map((value) => ({ value, words: tickWords(key, value) }))
}

/** Whether there is anything to draw. @param {Line} line */
export const hasValues = (line) => line.y.some(isNumber)

/** The range of x over all lines, padded by 2 %; null without points. @param {Iterable<Line>} lines @returns {Range | null} */
export function rangeOfX(lines) {
  let low = Infinity, high = -Infinity
  for (const { x } of lines) {
    if (!x.length) continue
    low = Math.min(low, x[0])
    high = Math.max(high, x[x.length - 1])
  }
  if (low > high) return null
  const pad = (high - low || 1) * 0.02
  return [low - pad, high + pad]
}

/** The range of the visible values, padded by 6 %, in exponents of ten if `log`.
 * @param {Line[]} lines @param {Range} x @param {boolean} log @param {Reference[]} references @returns {Range}
 */
export function rangeOfY(lines, [from, to], log, references) {
  let low = Infinity, high = -Infinity
  const see = (/** @type {Value | undefined} */ value) => {
    if (!isNumber(value) || (log && value <= 0)) return
    low = Math.min(low, value)
    high = Math.max(high, value)
  }
  for (const line of lines) for (const [i, x] of line.x.entries()) {
    if (x < from || x > to) continue
    for (const values of [line.y, line.raw, line.low, line.high]) see(values?.[i])
  }
  references.forEach(({ value }) => see(value))
  if (low > high) return log ? [-1, 0] : [0, 1]
  const [a, b] = log ? [Math.log10(low), Math.log10(high)] : [low, high]
  const pad = (b - a || Math.abs(b) * 0.1 || 1) * 0.06
  return [a - pad, b + pad]
}

/** The index of the last x at or before `x`, or −1. @param {number[]} places @param {number} x */
export function lastBefore(places, x) {
  let low = 0, high = places.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (places[middle] <= x) low = middle + 1
    else high = middle
  }
  return low - 1
}

/** The last finite value at or before x, or null. @param {Pick<Line, "x" | "y">} line @param {number} x */
export function valueAt(line, x) {
  for (let i = lastBefore(line.x, x); i >= 0; i--) {
    const value = line.y[i]
    if (isNumber(value)) return value
  }
  return null
}

/** [from, to) of the visible points and one more on each side. @param {Pick<Line, "x">} line @param {Range} x */
export function seenIndexes(line, [low, high]) {
  const first = line.x.findIndex((x) => x >= low)
  const after = line.x.findIndex((x) => x > high)
  return [Math.max((first < 0 ? line.x.length : first) - 1, 0), after < 0 ? line.x.length : after + 1]
}

/** Names at the right ends of up to five lines, and of all references, moved apart; none where there is no room.
 * @param {Panel} panel @returns {{ words: string, style?: Style, reference: boolean, at: number }[]} `at` in px
 */
export function endNames(panel) {
  const { frame, lines, references, log, x } = panel
  if (frame.right < 60) return []
  const named = lines.length <= MOST_NAMED ? lines : []
  const ends = [...named.map((line) => ({ line, value: valueAt(line, x[1]), reference: false })),
    ...references.map((line) => ({ line, value: line.value, reference: true }))]
  const placed = ends.flatMap(({ line, value, reference }) =>
    value !== null && (!log || value > 0) ? [{ words: panel.endWords(line, value), style: line.style, reference, at: placeY(panel, value) }] : [])
  placed.sort((one, other) => one.at - other.at)
  pushApart(placed, NAME_GAP, frame.top + 6, frame.top + frame.tall - 6)
  return placed
}

/** Moves sorted places apart by at least `gap`, between `top` and `bottom` where they fit.
 * @param {{ at: number }[]} placed @param {number} gap @param {number} top @param {number} bottom
 */
export function pushApart(placed, gap, top, bottom) {
  for (const [i, end] of placed.entries()) end.at = Math.max(end.at, i ? placed[i - 1].at + gap : top)
  for (let i = placed.length - 1, limit = bottom; i >= 0; i--, limit -= gap) placed[i].at = Math.max(Math.min(placed[i].at, limit), top)
}

/** The panel in words, for who does not see it. @param {Panel} panel */
export function describePanel({ title, key, axisTitle, lines }) {
  const words = lines.map((line) => [line.title, valueAt(line, Infinity)]).flatMap(([name, value]) => (isNumber(value) ? [`${name} ${valueWords(key, value)}`] : []))
  return `${title} by ${axisTitle}; last values: ${words.join(", ")}`
}
