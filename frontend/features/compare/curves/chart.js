// One panel on a canvas: grid, bands, lines, and labels at their right ends.

import { valueAt } from "../../../ui/charts/curves_data.js"
import { isNumber } from "../../../ui/kit/format.js"
import { logTicks, prefixed, roundTicks, tickWords } from "./axes.js"
import { DASHES } from "./lines.js"

/** Draws a panel: `frame` is the plot area, `x` and `y` the ranges, with y in exponents of ten if `log`. */
export function drawChart(canvas, panel, tint) {
  const { frame, lines } = panel
  const scale = devicePixelRatio || 1
  if (canvas.width !== Math.round(frame.width * scale) || canvas.height !== Math.round(frame.height * scale)) {
    canvas.width = Math.round(frame.width * scale)
    canvas.height = Math.round(frame.height * scale)
  }
  const pen = canvas.getContext("2d")
  pen.setTransform(scale, 0, 0, scale, 0, 0)
  pen.clearRect(0, 0, frame.width, frame.height)
  pen.font = `11px ${tint.font}`
  drawGrid(pen, panel, tint)
  pen.save()
  pen.beginPath()
  pen.rect(frame.left, frame.top, frame.inner, frame.tall)
  pen.clip()
  for (const line of lines) if (line.low) drawBand(pen, panel, line, tint)
  for (const reference of panel.references) drawReference(pen, panel, reference, tint)
  for (const line of lines) drawLine(pen, panel, line, tint)
  pen.restore()
  drawNames(pen, panel, tint)
}

export const placeX = ({ frame, x }, value) => frame.left + ((value - x[0]) / (x[1] - x[0])) * frame.inner

function placeY({ frame, y, log }, value) {
  const share = ((log ? Math.log10(value) : value) - y[0]) / (y[1] - y[0])
  return frame.top + (1 - share) * frame.tall
}

function drawGrid(pen, panel, tint) {
  const { frame, x, y, log, key } = panel
  pen.lineWidth = 1
  pen.strokeStyle = tint.line
  pen.fillStyle = tint.soft
  pen.setLineDash([])
  pen.textAlign = "right"
  pen.textBaseline = "middle"
  for (const value of log ? logTicks(...y) : roundTicks(...y, Math.max(Math.floor(frame.tall / 44), 2))) {
    const at = Math.round(placeY(panel, value)) + 0.5
    strokeFrom(pen, frame.left, at, frame.left + frame.inner, at)
    pen.fillText(tickWords(key, value), frame.left - 6, at)
  }
  pen.textAlign = "center"
  pen.textBaseline = "top"
  for (const value of roundTicks(...x, Math.max(Math.floor(frame.inner / 64), 2))) {
    const at = Math.round(placeX(panel, value)) + 0.5
    strokeFrom(pen, at, frame.top, at, frame.top + frame.tall)
    pen.fillText(prefixed(value), at, frame.top + frame.tall + 5)
  }
  pen.fillText(panel.axisTitle, frame.left + frame.inner / 2, frame.top + frame.tall + 20)
}

function strokeFrom(pen, x0, y0, x1, y1) {
  pen.beginPath()
  pen.moveTo(x0, y0)
  pen.lineTo(x1, y1)
  pen.stroke()
}

function drawBand(pen, panel, line, tint) {
  const [from, to] = seenIndexes(line, panel.x)
  const floor = (value) => (panel.log ? Math.max(value, 10 ** panel.y[0]) : value)
  pen.globalAlpha = 0.2
  pen.fillStyle = tint.series[line.style.colour]
  pen.beginPath()
  for (let i = from; i < to; i++) pen.lineTo(placeX(panel, line.x[i]), placeY(panel, floor(line.high[i])))
  for (let i = to - 1; i >= from; i--) pen.lineTo(placeX(panel, line.x[i]), placeY(panel, floor(line.low[i])))
  pen.fill()
  pen.globalAlpha = 1
}

function drawReference(pen, panel, { value }, tint) {
  pen.setLineDash([4, 4])
  pen.lineWidth = 1
  pen.strokeStyle = tint.soft
  strokeFrom(pen, panel.frame.left, placeY(panel, value), panel.frame.left + panel.frame.inner, placeY(panel, value))
}

function drawLine(pen, panel, line, tint) {
  const { frame, x, y, log } = panel
  const [from, to] = seenIndexes(line, x)
  const across = frame.inner / (x[1] - x[0]), up = frame.tall / (y[1] - y[0])
  pen.strokeStyle = tint.series[line.style.colour]
  pen.lineWidth = panel.thin ? 1 / (devicePixelRatio || 1) : 1.5 // a hairline draws ten times as fast
  pen.lineJoin = "bevel"
  pen.setLineDash(DASHES[line.style.dash] ?? DASHES.at(-1))
  pen.beginPath()
  for (let i = from; i < to; i++) {
    if (log && line.y[i] <= 0) continue
    pen.lineTo(frame.left + (line.x[i] - x[0]) * across, frame.top + frame.tall - ((log ? Math.log10(line.y[i]) : line.y[i]) - y[0]) * up)
  }
  pen.stroke()
  if (to - from <= 30) drawDots(pen, panel, line, from, to, tint)
}

function drawDots(pen, panel, line, from, to, tint) {
  pen.fillStyle = tint.series[line.style.colour]
  for (let i = from; i < to; i++) {
    if (panel.log && line.y[i] <= 0) continue
    pen.beginPath()
    pen.arc(placeX(panel, line.x[i]), placeY(panel, line.y[i]), 2.5, 0, 2 * Math.PI)
    pen.fill()
  }
}

/** [from, to) of the visible points and one more on each side. */
function seenIndexes(line, [low, high]) {
  const first = line.x.findIndex((x) => x >= low)
  const after = line.x.findIndex((x) => x > high)
  return [Math.max((first < 0 ? line.x.length : first) - 1, 0), after < 0 ? line.x.length : after + 1]
}

/** Labels up to five lines at their ends, and all references. */
function drawNames(pen, panel, tint) {
  const { frame, lines, references } = panel
  if (frame.right < 60) return
  const named = lines.length <= 5 ? lines : []
  const ends = [
    ...named.map((line) => ({ words: line.title, value: valueAt(line, panel.x[1]), colour: tint.series[line.style.colour] })),
    ...references.map(({ title, value }) => ({ words: title, value, colour: tint.soft })),
  ].filter(({ value }) => isNumber(value) && (!panel.log || value > 0))
  const placed = ends.map((end) => ({ ...end, at: placeY(panel, end.value) })).sort((one, other) => one.at - other.at)
  pushApart(placed, 13, frame.top + 6, frame.top + frame.tall - 6)
  pen.textAlign = "left"
  pen.textBaseline = "middle"
  for (const { words, colour, at } of placed) {
    pen.fillStyle = colour
    pen.fillText(shortened(pen, words, frame.right - 10), frame.left + frame.inner + 6, at)
  }
}

function pushApart(placed, gap, top, bottom) {
  for (const [i, end] of placed.entries()) end.at = Math.max(end.at, i ? placed[i - 1].at + gap : top)
  for (let i = placed.length - 1, limit = bottom; i >= 0; i--, limit -= gap) placed[i].at = Math.max(Math.min(placed[i].at, limit), top)
}

function shortened(pen, words, width) {
  let kept = words
  while (kept.length > 3 && pen.measureText(kept).width > width) kept = `${kept.slice(0, -2)}…`
  return kept
}
