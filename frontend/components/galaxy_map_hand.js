// The hand on the map: drag, wheel, pinch, lasso, click and keys.

const CLICK_PX = 5
const REACH = { mouse: 10, pen: 14, touch: 22 }
const PAN_SHARE = 0.12

function followHand(state) {
  const { canvas } = state
  state.fingers = new Map()
  canvas.onpointerdown = (event) => fingerDown(state, event)
  canvas.onpointermove = (event) => fingerMoves(state, event)
  canvas.onpointerup = canvas.onpointercancel = (event) => fingerUp(state, event)
  canvas.onpointerleave = () => { if (!state.fingers.size) hover(state, -1) }
  canvas.onwheel = (event) => {
    event.preventDefault()
    const [px, py] = placeOf(state, event)
    zoomBy(state, Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0016)), px, py)
  }
  canvas.onkeydown = (event) => mapKey(state, event)
}

function placeOf(state, event) {
  const box = state.canvas.getBoundingClientRect()
  return [event.clientX - box.left, event.clientY - box.top]
}

function fingerDown(state, event) {
  if (event.button || !state.field) return
  const [px, py] = placeOf(state, event)
  state.canvas.setPointerCapture(event.pointerId)
  state.fingers.set(event.pointerId, [px, py])
  state.pressed = { px, py, moved: false, lasso: state.fingers.size === 1 && (state.lasso || event.shiftKey) }
  hover(state, -1)
  if (state.pressed.lasso) state.line = toMap(state.view, state.size, px, py)
  else if (state.fingers.size > 1) state.line = null
}

function fingerMoves(state, event) {
  if (!state.field) return
  const [px, py] = placeOf(state, event), before = state.fingers.get(event.pointerId)
  if (!before) {
    if (event.pointerType !== "touch") hover(state, hitAt(state, px, py, event.pointerType))
    return
  }
  state.pressed.moved ||= Math.hypot(px - state.pressed.px, py - state.pressed.py) > CLICK_PX
  if (state.fingers.size > 1) pinch(state, event.pointerId, before, [px, py])
  else if (state.pressed.lasso) state.line.push(...toMap(state.view, state.size, px, py))
  else if (state.pressed.moved) panBy(state, px - before[0], py - before[1])
  if (state.fingers.size > 1 || state.pressed.lasso || state.pressed.moved) state.fingers.set(event.pointerId, [px, py])
  wantFrame(state)
}

/** Two fingers keep what is under them. */
function pinch(state, id, before, now) {
  const other = [...state.fingers].find(([key]) => key !== id)[1]
  const apart = (finger) => Math.max(Math.hypot(finger[0] - other[0], finger[1] - other[1]), 1)
  panBy(state, (now[0] - before[0]) / 2, (now[1] - before[1]) / 2)
  zoomBy(state, apart(now) / apart(before), (now[0] + other[0]) / 2, (now[1] + other[1]) / 2)
}

function fingerUp(state, event) {
  if (!state.fingers.delete(event.pointerId)) return
  if (state.fingers.size) { state.pressed.moved = true; return }
  const { lasso, moved, px, py } = state.pressed
  if (lasso) return endLasso(state, moved)
  if (!moved && event.type === "pointerup") chooseGalaxy(state, hitAt(state, px, py, event.pointerType))
}

function endLasso(state, moved) {
  const { line } = state
  state.line = null
  if (moved && line.length >= 6) select(state, pointsInside(state.field, line, isShownIn(state)))
  wantFrame(state)
}

const isShownIn = ({ painting: { code }, hidden }) => (i) => !hidden.has(code[i])

function hitAt(state, px, py, kind) {
  const [x, y] = toMap(state.view, state.size, px, py)
  return nearestPoint(state.field, x, y, (REACH[kind] ?? REACH.mouse) / scaleOf(state.view, state.size), isShownIn(state))
}

function panBy(state, dx, dy) {
  const scale = scaleOf(state.view, state.size)
  lookAt(state, { ...state.view, x: state.view.x - dx / scale, y: state.view.y + dy / scale })
}

function zoomBy(state, factor, px = state.size.width / 2, py = state.size.height / 2) {
  lookAt(state, zoomedAt(state.view, state.size, px, py, factor, state.home))
}

const MAP_KEYS = {
  ArrowLeft: (state) => panBy(state, PAN_SHARE * state.size.width, 0), ArrowRight: (state) => panBy(state, -PAN_SHARE * state.size.width, 0),
  ArrowUp: (state) => panBy(state, 0, PAN_SHARE * state.size.height), ArrowDown: (state) => panBy(state, 0, -PAN_SHARE * state.size.height),
  "+": (state) => zoomBy(state, 1.3), "=": (state) => zoomBy(state, 1.3), "-": (state) => zoomBy(state, 1 / 1.3), 0: (state) => lookAt(state, state.home),
  Escape: (state) => clearAll(state), Enter: (state) => { if (state.at >= 0) chooseGalaxy(state, state.at) },
}

function mapKey(state, event) {
  const act = MAP_KEYS[event.key]
  if (!act || !state.field || event.ctrlKey || event.metaKey || event.altKey) return
  event.preventDefault()
  act(state)
}
