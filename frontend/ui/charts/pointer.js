// Cross-hair, values and zoom of a group of plots with a common x, by mouse, wheel and keys.

import { el, renew } from "../kit/dom.js"
import { isNumber } from "../kit/format.js"
import { prefixed, valueWords } from "./axes.js"
import { lastBefore, placeX, rangeOfX } from "./panel.js"

/** @import { Line, Panel, Range, Style } from "./panel.js" */
/** @import { Tint } from "./palette.js" */
/** @import { PlotBox } from "./plot_box.js" */
/** Plots that share their x. `whole` is the range of x over all lines, `zoom` what is chosen of it.
 * @typedef {object} PlotGroup
 * @property {() => Iterable<PlotBox>} boxes
 * @property {Range | null} zoom
 * @property {(range: Range | null) => void} setZoom keeps it and draws
 * @property {() => void} redraw
 * @property {() => string} xName
 * @property {Tint} tint
 * @property {number | null} [pointed] x of the cross-hair
 * @property {PlotBox | null} [pointedIn]
 * @property {{ from: number, to: number } | null} [drag]
 * @property {number} [movingUntil] ms; until then lines are drawn thin
 * @property {number} [resting]
 */

const REST_MS = 160 // after zooming, before lines are drawn at full width
const LEAST_DRAG = 0.01 // of the range

/** @param {PlotGroup} group @param {PlotBox} box */
export function listenToPlot(group, box) {
  const { plot } = box
  plot.onpointermove = (event) => movePointer(group, box, event)
  plot.onpointerleave = () => { if (!group.drag) pointAt(group, null, box) }
  plot.onpointerdown = (event) => beginDrag(group, box, event)
  plot.onpointerup = () => endDrag(group, box)
  plot.onpointercancel = () => endDrag(group, box, false)
  plot.ondblclick = () => group.setZoom(null)
  plot.addEventListener("wheel", (event) => zoomByWheel(group, box, event), { passive: false })
  plot.onkeydown = (event) => moveByKey(group, box, event)
}

/** The x value under the pointer; null outside the plot. @param {PlotBox} box @param {MouseEvent} event */
function xBelow(box, event) {
  if (!box.drawn) return null
  const [low, high] = box.drawn.x, x = placeOf(box, box.drawn, event)
  return x >= low && x <= high ? x : null
}

/** The x value under the pointer, also beyond the plot. @param {PlotBox} box @param {Panel} panel @param {MouseEvent} event */
function placeOf({ plot }, { frame, x }, event) {
  return x[0] + ((event.clientX - plot.getBoundingClientRect().left - frame.left) / frame.inner) * (x[1] - x[0])
}

/** @param {PlotGroup} group @param {PlotBox} box @param {PointerEvent} event */
function movePointer(group, box, event) {
  const x = xBelow(box, event)
  if (group.drag && box.drawn) {
    const [low, high] = box.drawn.x
    group.drag.to = Math.min(Math.max(placeOf(box, box.drawn, event), low), high)
    showMark(group)
  }
  pointAt(group, x, box)
}

/** @param {PlotGroup} group @param {PlotBox} box @param {PointerEvent} event */
function beginDrag(group, box, event) {
  const x = xBelow(box, event)
  if (x === null || event.button || event.pointerType === "touch") return
  box.plot.setPointerCapture(event.pointerId)
  group.drag = { from: x, to: x }
}

/** @param {PlotGroup} group @param {PlotBox} box */
function endDrag(group, box, zooms = true) {
  if (!group.drag) return
  const { from, to } = group.drag
  group.drag = null
  showMark(group)
  const [low, high] = box.drawn?.x ?? [0, 0]
  if (zooms && Math.abs(to - from) > LEAST_DRAG * (high - low)) group.setZoom([Math.min(from, to), Math.max(from, to)])
  else group.redraw() // points that came meanwhile
}

/** @param {PlotGroup} group */
function showMark(group) {
  for (const { mark, drawn } of group.boxes()) {
    mark.hidden = !group.drag || !drawn
    if (!group.drag || !drawn) continue
    const [a, b] = [placeX(drawn, group.drag.from), placeX(drawn, group.drag.to)].sort((one, other) => one - other)
    mark.style.cssText = `left:${a}px;width:${b - a}px;top:${drawn.frame.top}px;height:${drawn.frame.tall}px`
  }
}

/** Needs Ctrl or ⌘, so that the page still scrolls. @param {PlotGroup} group @param {PlotBox} box @param {WheelEvent} event */
function zoomByWheel(group, box, event) {
  if (!event.ctrlKey && !event.metaKey) return
  event.preventDefault()
  const at = xBelow(box, event)
  if (at !== null) zoomBy(group, box, at, 1.002 ** event.deltaY)
}

/** @param {PlotGroup} group @param {PlotBox} box @param {number} at @param {number} factor */
function zoomBy(group, box, at, factor) {
  const whole = rangeOfX([...group.boxes()].flatMap(({ drawn }) => drawn?.lines ?? []))
  if (!box.drawn || !whole) return
  const [low, high] = box.drawn.x
  /** @type {Range} */
  const zoom = [Math.max(at - (at - low) * factor, whole[0]), Math.min(at + (high - at) * factor, whole[1])]
  if (zoom[1] - zoom[0] < 1e-6 * (whole[1] - whole[0])) return
  group.movingUntil = performance.now() + REST_MS
  clearTimeout(group.resting)
  group.resting = window.setTimeout(group.redraw, REST_MS + 20)
  const slack = 1e-9 * (whole[1] - whole[0])
  group.setZoom(zoom[0] - whole[0] <= slack && whole[1] - zoom[1] <= slack ? null : zoom)
}

/** @param {PlotGroup} group @param {PlotBox} box @param {KeyboardEvent} event */
function moveByKey(group, box, event) {
  if (!box.drawn) return
  const [low, high] = box.drawn.x
  const at = group.pointed ?? (low + high) / 2
  const move = event.key === "ArrowLeft" ? -0.01 : event.key === "ArrowRight" ? 0.01 : 0
  if (move) pointAt(group, Math.min(Math.max(at + move * (high - low), low), high), box)
  else if (event.key === "+") zoomBy(group, box, at, 0.8)
  else if (event.key === "-") zoomBy(group, box, at, 1.25)
  else if (event.key === "0") group.setZoom(null)
  else if (event.key === "Escape") pointAt(group, null, box)
  else return
  event.preventDefault()
}

/** Moves the cross-hair of all plots to one x and shows the values there.
 * @param {PlotGroup} group @param {number | null} x @param {PlotBox | null} pointed
 */
export function pointAt(group, x, pointed) {
  group.pointed = x
  group.pointedIn = pointed
  for (const box of group.boxes()) {
    const { drawn, cross, values } = box
    const hidden = x === null || !drawn || x < drawn.x[0] || x > drawn.x[1]
    cross.hidden = values.hidden = hidden
    if (hidden) continue
    const { frame } = drawn
    const at = placeX(drawn, x)
    cross.style.cssText = `left:${at}px;top:${frame.top}px;height:${frame.tall}px`
    values.style.cssText = at > frame.left + frame.inner / 2 ? `right:${frame.width - at + 8}px` : `left:${at + 8}px`
    renew(values, el("small", {}, `${group.xName()} ${prefixed(Number(x.toPrecision(5)))}`),
      drawn.lines.map((line) => valueRow(group, drawn, line, x, box === pointed)))
  }
}

/** @param {PlotGroup} group @param {Panel} panel @param {Line} line @param {number} x @param {boolean} named */
function valueRow(group, { key, frame }, line, x, named) {
  const i = lastBefore(line.x, x), value = line.y[i]
  const spread = named && frame.width > 400 && line.low && line.high && i >= 0
  return el("div", { "data-line": line.id }, swatch(group.tint, line.style), named ? el("span", {}, line.title) : null,
    el("b", {}, isNumber(value) ? valueWords(key, value) : "–"),
    spread ? el("small", {}, ` (${valueWords(key, line.low?.[i] ?? NaN)} to ${valueWords(key, line.high?.[i] ?? NaN)})`) : null)
}

/** A piece of a line. @param {Tint} tint @param {Style | undefined} style none for the colour of the text */
export function swatch(tint, style, dash = style?.dash ?? 1) {
  const kind = ["solid", "dashed", "dotted"][dash] ?? "dotted"
  return el("i", { class: "swatch", style: `border-top: 2px ${kind} ${style ? tint.series[style.colour] : tint.soft}` })
}
