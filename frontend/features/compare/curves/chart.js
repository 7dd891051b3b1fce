// One panel on a canvas, which draws a hundred long lines in a frame: grid, bands, lines, and names at their right ends.

import { prefixed } from "../../../ui/charts/axes.js"
import { DASHES, endNames, placeX, placeY, seenIndexes, ticksOfX, ticksOfY } from "../../../ui/charts/panel.js"
import { isNumber } from "../../../ui/kit/format.js"

/** @import { Line, Panel } from "../../../ui/charts/panel.js" */
/** @import { Tint } from "../../../ui/charts/palette.js" */
/** @typedef {CanvasRenderingContext2D} Pen */

const FEW_POINTS = 30

/** @param {HTMLCanvasElement} canvas @param {Panel} panel @param {Tint} tint */
export function drawChart(canvas, panel, tint) {
  const { frame, lines } = panel
  const scale = devicePixelRatio || 1
  if (canvas.width !== Math.round(frame.width * scale) || canvas.height !== Math.round(frame.height * scale)) {
    canvas.width = Math.round(frame.width * scale)
    canvas.height = Math.round(frame.height * scale)
  }
  const pen = /** @type {Pen} */ (canvas.getContext("2d"))
  pen.setTransform(scale, 0, 0, scale, 0, 0)
  pen.clearRect(0, 0, frame.width, frame.height)
  pen.font = `11px ${tint.font}`
  drawGrid(pen, panel, tint)
  pen.save()
  pen.beginPath()
  pen.rect(frame.left, frame.top, frame.inner, frame.tall)
  pen.clip()
  for (const line of lines) drawBand(pen, panel, line, tint)
  for (const reference of panel.references) drawReference(pen, panel, reference.value, tint)
  for (const line of lines) drawLine(pen, panel, line, tint)
  pen.restore()
  drawNames(pen, panel, tint)
}

/** @param {Pen} pen @param {Panel} panel @param {Tint} tint */
function drawGrid(pen, panel, tint) {
  const { frame } = panel
  pen.lineWidth = 1
  pen.strokeStyle = tint.line
  pen.fillStyle = tint.soft
  pen.setLineDash([])
  pen.textAlign = "right"
  pen.textBaseline = "middle"
  for (const { value, words } of ticksOfY(panel)) {
    const at = Math.round(placeY(panel, value)) + 0.5
    stroke(pen, frame.left, at, frame.left + frame.inner, at)
    pen.fillText(words, frame.left - 6, at)
  }
  pen.textAlign = "center"
  pen.textBaseline = "top"
  for (const value of ticksOfX(panel)) {
    const at = Math.round(placeX(panel, value)) + 0.5
    stroke(pen, at, frame.top, at, frame.top + frame.tall)
    pen.fillText(prefixed(value), at, frame.top + frame.tall + 5)
  }
  pen.fillText(panel.axisTitle, frame.left + frame.inner / 2, frame.top + frame.tall + 20)
}

/** @param {Pen} pen @param {number} x0 @param {number} y0 @param {number} x1 @param {number} y1 */
function stroke(pen, x0, y0, x1, y1) {
  pen.beginPath()
  pen.moveTo(x0, y0)
  pen.lineTo(x1, y1)
  pen.stroke()
}

/** @param {Pen} pen @param {Panel} panel @param {Line} line @param {Tint} tint */
function drawBand(pen, panel, { x, low, high, style }, tint) {
  if (!low || !high) return
  const [from, to] = seenIndexes({ x }, panel.x)
  const floor = (/** @type {number} */ value) => (panel.log ? Math.max(value, 10 ** panel.y[0]) : value)
  pen.globalAlpha = 0.2
  pen.fillStyle = tint.series[style.colour]
  pen.beginPath()
  for (let i = from; i < to; i++) pen.lineTo(placeX(panel, x[i]), placeY(panel, floor(high[i])))
  for (let i = to - 1; i >= from; i--) pen.lineTo(placeX(panel, x[i]), placeY(panel, floor(low[i])))
  pen.fill()
  pen.globalAlpha = 1
}

/** @param {Pen} pen @param {Panel} panel @param {number} value @param {Tint} tint */
function drawReference(pen, panel, value, tint) {
  pen.setLineDash(DASHES[1])
  pen.lineWidth = 1
  pen.strokeStyle = tint.soft
  stroke(pen, panel.frame.left, placeY(panel, value), panel.frame.left + panel.frame.inner, placeY(panel, value))
}

/** @param {Pen} pen @param {Panel} panel @param {Line} line @param {Tint} tint */
function drawLine(pen, panel, line, tint) {
  const { frame, x, y, log } = panel
  const [from, to] = seenIndexes(line, x)
  const across = frame.inner / (x[1] - x[0]), up = frame.tall / (y[1] - y[0])
  pen.strokeStyle = tint.series[line.style.colour]
  pen.lineWidth = panel.thin ? 1 / (devicePixelRatio || 1) : 1.5 // a hairline draws ten times as fast
  pen.lineJoin = "bevel"
  pen.setLineDash(DASHES[line.style.dash] ?? DASHES[2])
  pen.beginPath()
  let gap = true
  for (let i = from; i < to; i++) {
    const value = line.y[i]
    if (!isNumber(value) || (log && value <= 0)) {
      gap = true
      continue
    }
    const left = frame.left + (line.x[i] - x[0]) * across, top = frame.top + frame.tall - ((log ? Math.log10(value) : value) - y[0]) * up
    if (gap) pen.moveTo(left, top)
    else pen.lineTo(left, top)
    gap = false
  }
  pen.stroke()
  if (to - from <= FEW_POINTS) drawDots(pen, panel, line, from, to, tint)
}

/** @param {Pen} pen @param {Panel} panel @param {Line} line @param {number} from @param {number} to @param {Tint} tint */
function drawDots(pen, panel, line, from, to, tint) {
  pen.fillStyle = tint.series[line.style.colour]
  for (let i = from; i < to; i++) {
    const value = line.y[i]
    if (!isNumber(value) || (panel.log && value <= 0)) continue
    pen.beginPath()
    pen.arc(placeX(panel, line.x[i]), placeY(panel, value), 2.5, 0, 2 * Math.PI)
    pen.fill()
  }
}

/** @param {Pen} pen @param {Panel} panel @param {Tint} tint */
function drawNames(pen, panel, tint) {
  const { frame } = panel
  pen.textAlign = "left"
  pen.textBaseline = "middle"
  for (const { words, style, at } of endNames(panel)) {
    pen.fillStyle = style ? tint.series[style.colour] : tint.soft
    pen.fillText(shortened(pen, words, frame.right - 10), frame.left + frame.inner + 6, at)
  }
}

/** @param {Pen} pen @param {string} words @param {number} width */
function shortened(pen, words, width) {
  let kept = words
  while (kept.length > 3 && pen.measureText(kept).width > width) kept = `${kept.slice(0, -2)}…`
  return kept
}
