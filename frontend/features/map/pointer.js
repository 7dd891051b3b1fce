// Interaction with the map: drag, wheel, pinch, lasso, click and keys.

import { wantFrame } from "./draw.js"
import { hasPoints, nearestPoint, pointsInside, scaleOf, toMap, zoomedAt } from "./field.js"
import { chooseGalaxy, clearAll } from "./galaxy_map.js"
import { hover, select } from "./panel.js"
import { setView } from "./panes.js"

/** @import { Pane, Pixel, Placed } from "./state.d.ts" */

const CLICK_PX = 5
/** @type {Record<string, number>} */
const REACH = { mouse: 10, pen: 14, touch: 22 }
const PAN_SHARE = 0.12

/** @param {Pane} pane */
export function followPointer(pane) {
  const { canvas } = pane
  pane.pointers = new Map()
  canvas.onpointerdown = (event) => pointerDown(pane, event)
  canvas.onpointermove = (event) => pointerMoves(pane, event)
  canvas.onpointerup = canvas.onpointercancel = (event) => pointerUp(pane, event)
  canvas.onpointerleave = () => { if (!pane.pointers.size) hover(pane, -1) }
  canvas.onwheel = (event) => {
    event.preventDefault()
    if (!hasPoints(pane)) return
    const [px, py] = placeOf(pane, event)
    zoomBy(pane, Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0016)), px, py)
  }
  canvas.onkeydown = (event) => mapKey(pane, event)
}

/** @param {Pane} pane @param {MouseEvent} event */
function placeOf(pane, event) {
  const box = pane.canvas.getBoundingClientRect()
  return [event.clientX - box.left, event.clientY - box.top]
}

/** @param {Pane} pane @param {PointerEvent} event */
function pointerDown(pane, event) {
  if (event.button || !hasPoints(pane)) return
  const [px, py] = placeOf(pane, event)
  pane.canvas.setPointerCapture(event.pointerId)
  pane.pointers.set(event.pointerId, [px, py])
  pane.pressed = { px, py, moved: false, lasso: pane.pointers.size === 1 && (pane.map.lasso || event.shiftKey) }
  hover(pane, -1)
  if (pane.pressed.lasso) pane.line = toMap(pane.view, pane.size, px, py)
  else if (pane.pointers.size > 1) pane.line = null
}

/** @param {Pane} pane @param {PointerEvent} event */
function pointerMoves(pane, event) {
  if (!hasPoints(pane)) return
  const [px, py] = placeOf(pane, event), before = pane.pointers.get(event.pointerId)
  if (!before) {
    if (event.pointerType !== "touch") hover(pane, hitAt(pane, px, py, event.pointerType))
    return
  }
  pane.pressed.moved ||= Math.hypot(px - pane.pressed.px, py - pane.pressed.py) > CLICK_PX
  if (pane.pointers.size > 1) pinch(pane, event.pointerId, before, [px, py])
  else if (pane.pressed.lasso) pane.line?.push(...toMap(pane.view, pane.size, px, py))
  else if (pane.pressed.moved) panBy(pane, px - before[0], py - before[1])
  if (pane.pointers.size > 1 || pane.pressed.lasso || pane.pressed.moved) pane.pointers.set(event.pointerId, [px, py])
  wantFrame(pane)
}

/** Pinch zoom keeps the points under both fingers. @param {Placed} pane @param {number} id @param {Pixel} before @param {Pixel} now */
function pinch(pane, id, before, now) {
  const other = [...pane.pointers].find(([key]) => key !== id)?.[1] ?? before
  const apart = (/** @type {Pixel} */ pointer) => Math.max(Math.hypot(pointer[0] - other[0], pointer[1] - other[1]), 1)
  panBy(pane, (now[0] - before[0]) / 2, (now[1] - before[1]) / 2)
  zoomBy(pane, apart(now) / apart(before), (now[0] + other[0]) / 2, (now[1] + other[1]) / 2)
}

/** @param {Pane} pane @param {PointerEvent} event */
function pointerUp(pane, event) {
  if (!pane.pointers.delete(event.pointerId) || !hasPoints(pane)) return
  if (pane.pointers.size) { pane.pressed.moved = true; return }
  const { lasso, moved, px, py } = pane.pressed
  if (lasso) return endLasso(pane, moved)
  if (!moved && event.type === "pointerup") chooseGalaxy(pane.map, hitAt(pane, px, py, event.pointerType))
}

/** @param {Placed} pane @param {boolean} moved */
function endLasso(pane, moved) {
  const { line } = pane
  pane.line = null
  if (moved && line && line.length >= 6) select(pane.map, pointsInside(pane.field, line, isShownIn(pane)))
  wantFrame(pane)
}

/** @param {Pane} pane */
const isShownIn = ({ map: { painting: { code }, hidden } }) => (/** @type {number} */ i) => !hidden.has(code[i])

/** @param {Placed} pane @param {number} px @param {number} py @param {string} kind */
function hitAt(pane, px, py, kind) {
  const [x, y] = toMap(pane.view, pane.size, px, py)
  return nearestPoint(pane.field, x, y, (REACH[kind] ?? REACH.mouse) / scaleOf(pane.view, pane.size), isShownIn(pane))
}

/** @param {Placed} pane @param {number} dx @param {number} dy */
function panBy(pane, dx, dy) {
  const scale = scaleOf(pane.view, pane.size)
  setView(pane, { ...pane.view, x: pane.view.x - dx / scale, y: pane.view.y + dy / scale })
}

/** @param {Placed} pane @param {number} factor */
export function zoomBy(pane, factor, px = pane.size.width / 2, py = pane.size.height / 2) {
  setView(pane, zoomedAt(pane.view, pane.size, px, py, factor, pane.home))
}

/** @type {Record<string, (pane: Placed) => void>} */
const MAP_KEYS = {
  ArrowLeft: (pane) => panBy(pane, PAN_SHARE * pane.size.width, 0), ArrowRight: (pane) => panBy(pane, -PAN_SHARE * pane.size.width, 0),
  ArrowUp: (pane) => panBy(pane, 0, PAN_SHARE * pane.size.height), ArrowDown: (pane) => panBy(pane, 0, -PAN_SHARE * pane.size.height),
  "+": (pane) => zoomBy(pane, 1.3), "=": (pane) => zoomBy(pane, 1.3), "-": (pane) => zoomBy(pane, 1 / 1.3), 0: (pane) => setView(pane, pane.home),
  Escape: (pane) => clearAll(pane.map), Enter: ({ map }) => { if (map.at >= 0) chooseGalaxy(map, map.at) },
}

/** @param {Pane} pane @param {KeyboardEvent} event */
function mapKey(pane, event) {
  const act = MAP_KEYS[event.key]
  if (!act || !hasPoints(pane) || event.ctrlKey || event.metaKey || event.altKey) return
  event.preventDefault()
  act(pane)
}
