// Interaction with the map: drag, wheel, pinch, lasso, click and keys.

import { wantFrame } from "./draw.js"
import { nearestPoint, pointsInside, scaleOf, toMap, zoomedAt } from "./field.js"
import { chooseGalaxy, clearAll } from "./galaxy_map.js"
import { hover, select } from "./panel.js"
import { setView } from "./panes.js"

const CLICK_PX = 5
const REACH = { mouse: 10, pen: 14, touch: 22 }
const PAN_SHARE = 0.12

export function followPointer(pane) {
  const { canvas } = pane
  pane.pointers = new Map()
  canvas.onpointerdown = (event) => pointerDown(pane, event)
  canvas.onpointermove = (event) => pointerMoves(pane, event)
  canvas.onpointerup = canvas.onpointercancel = (event) => pointerUp(pane, event)
  canvas.onpointerleave = () => { if (!pane.pointers.size) hover(pane, -1) }
  canvas.onwheel = (event) => {
    event.preventDefault()
    const [px, py] = placeOf(pane, event)
    zoomBy(pane, Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0016)), px, py)
  }
  canvas.onkeydown = (event) => mapKey(pane, event)
}

function placeOf(pane, event) {
  const box = pane.canvas.getBoundingClientRect()
  return [event.clientX - box.left, event.clientY - box.top]
}

function pointerDown(pane, event) {
  if (event.button || !pane.field) return
  const [px, py] = placeOf(pane, event)
  pane.canvas.setPointerCapture(event.pointerId)
  pane.pointers.set(event.pointerId, [px, py])
  pane.pressed = { px, py, moved: false, lasso: pane.pointers.size === 1 && (pane.map.lasso || event.shiftKey) }
  hover(pane, -1)
  if (pane.pressed.lasso) pane.line = toMap(pane.view, pane.size, px, py)
  else if (pane.pointers.size > 1) pane.line = null
}

function pointerMoves(pane, event) {
  if (!pane.field) return
  const [px, py] = placeOf(pane, event), before = pane.pointers.get(event.pointerId)
  if (!before) {
    if (event.pointerType !== "touch") hover(pane, hitAt(pane, px, py, event.pointerType))
    return
  }
  pane.pressed.moved ||= Math.hypot(px - pane.pressed.px, py - pane.pressed.py) > CLICK_PX
  if (pane.pointers.size > 1) pinch(pane, event.pointerId, before, [px, py])
  else if (pane.pressed.lasso) pane.line.push(...toMap(pane.view, pane.size, px, py))
  else if (pane.pressed.moved) panBy(pane, px - before[0], py - before[1])
  if (pane.pointers.size > 1 || pane.pressed.lasso || pane.pressed.moved) pane.pointers.set(event.pointerId, [px, py])
  wantFrame(pane)
}

/** Pinch zoom keeps the points under both fingers. */
function pinch(pane, id, before, now) {
  const other = [...pane.pointers].find(([key]) => key !== id)[1]
  const apart = (pointer) => Math.max(Math.hypot(pointer[0] - other[0], pointer[1] - other[1]), 1)
  panBy(pane, (now[0] - before[0]) / 2, (now[1] - before[1]) / 2)
  zoomBy(pane, apart(now) / apart(before), (now[0] + other[0]) / 2, (now[1] + other[1]) / 2)
}

function pointerUp(pane, event) {
  if (!pane.pointers.delete(event.pointerId)) return
  if (pane.pointers.size) { pane.pressed.moved = true; return }
  const { lasso, moved, px, py } = pane.pressed
  if (lasso) return endLasso(pane, moved)
  if (!moved && event.type === "pointerup") chooseGalaxy(pane.map, hitAt(pane, px, py, event.pointerType))
}

function endLasso(pane, moved) {
  const { line } = pane
  pane.line = null
  if (moved && line.length >= 6) select(pane.map, pointsInside(pane.field, line, isShownIn(pane)))
  wantFrame(pane)
}

const isShownIn = ({ map: { painting: { code }, hidden } }) => (i) => !hidden.has(code[i])

function hitAt(pane, px, py, kind) {
  const [x, y] = toMap(pane.view, pane.size, px, py)
  return nearestPoint(pane.field, x, y, (REACH[kind] ?? REACH.mouse) / scaleOf(pane.view, pane.size), isShownIn(pane))
}

function panBy(pane, dx, dy) {
  const scale = scaleOf(pane.view, pane.size)
  setView(pane, { ...pane.view, x: pane.view.x - dx / scale, y: pane.view.y + dy / scale })
}

export function zoomBy(pane, factor, px = pane.size.width / 2, py = pane.size.height / 2) {
  setView(pane, zoomedAt(pane.view, pane.size, px, py, factor, pane.home))
}

const MAP_KEYS = {
  ArrowLeft: (pane) => panBy(pane, PAN_SHARE * pane.size.width, 0), ArrowRight: (pane) => panBy(pane, -PAN_SHARE * pane.size.width, 0),
  ArrowUp: (pane) => panBy(pane, 0, PAN_SHARE * pane.size.height), ArrowDown: (pane) => panBy(pane, 0, -PAN_SHARE * pane.size.height),
  "+": (pane) => zoomBy(pane, 1.3), "=": (pane) => zoomBy(pane, 1.3), "-": (pane) => zoomBy(pane, 1 / 1.3), 0: (pane) => setView(pane, pane.home),
  Escape: (pane) => clearAll(pane.map), Enter: ({ map }) => { if (map.at >= 0) chooseGalaxy(map, map.at) },
}

function mapKey(pane, event) {
  const act = MAP_KEYS[event.key]
  if (!act || !pane.field || event.ctrlKey || event.metaKey || event.altKey) return
  event.preventDefault()
  act(pane)
}
