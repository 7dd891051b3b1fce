// Cross-hair, values and zoom, synchronised over all panels.

import { el, renew } from "../../../ui/kit/dom.js"
import { prefixed, valueWords } from "./axes.js"
import { placeX } from "./chart.js"
import { redraw } from "./compare_curves.js"
import { wholeRange } from "./lines.js"
import { swatch } from "./tools.js"

const REST_MS = 160 // after zooming, before lines are drawn at full width

export function listenToChart(state, view) {
  const { plot } = view
  plot.onpointermove = (event) => movePointer(state, view, event)
  plot.onpointerleave = () => { if (!state.drag) pointAt(state, null, view) }
  plot.onpointerdown = (event) => beginDrag(state, view, event)
  plot.onpointerup = () => endDrag(state, view)
  plot.onpointercancel = () => endDrag(state, view, false)
  plot.ondblclick = () => setZoom(state, null)
  plot.addEventListener("wheel", (event) => zoomByWheel(state, view, event), { passive: false })
  plot.onkeydown = (event) => moveByKey(state, view, event)
}

/** The x value under the pointer; null outside the plot. */
function xBelow(view, event) {
  if (!view.drawn) return null
  const { frame, x } = view.drawn
  const share = (event.clientX - view.plot.getBoundingClientRect().left - frame.left) / frame.inner
  return share >= 0 && share <= 1 ? x[0] + share * (x[1] - x[0]) : null
}

function movePointer(state, view, event) {
  const x = xBelow(view, event)
  if (state.drag && x !== null) {
    state.drag.to = x
    showMark(state)
  }
  pointAt(state, x, view)
}

function beginDrag(state, view, event) {
  const x = xBelow(view, event)
  if (x === null || event.button || event.pointerType === "touch") return
  view.plot.setPointerCapture(event.pointerId)
  state.drag = { from: x, to: x }
}

function endDrag(state, view, zooms = true) {
  if (!state.drag) return
  const { from, to } = state.drag
  state.drag = null
  showMark(state)
  const [low, high] = view.drawn?.x ?? [0, 0]
  if (zooms && Math.abs(to - from) > 0.01 * (high - low)) setZoom(state, [Math.min(from, to), Math.max(from, to)])
}

function showMark(state) {
  for (const { mark, drawn } of state.panels.values()) {
    mark.hidden = !state.drag || !drawn
    if (mark.hidden) continue
    const [a, b] = [placeX(drawn, state.drag.from), placeX(drawn, state.drag.to)].sort((one, other) => one - other)
    mark.style.cssText = `left:${a}px;width:${b - a}px;top:${drawn.frame.top}px;height:${drawn.frame.tall}px`
  }
}

/** Needs Ctrl or ⌘, so that the page still scrolls. */
function zoomByWheel(state, view, event) {
  if (!event.ctrlKey && !event.metaKey) return
  event.preventDefault()
  const at = xBelow(view, event)
  if (at !== null) zoomBy(state, view, at, 1.002 ** event.deltaY)
}

function zoomBy(state, view, at, factor) {
  const [low, high] = view.drawn.x
  const whole = wholeRange([...state.panels.values()])
  const zoom = [Math.max(at - (at - low) * factor, whole[0]), Math.min(at + (high - at) * factor, whole[1])]
  if (zoom[1] - zoom[0] < 1e-6 * (whole[1] - whole[0])) return
  state.movingUntil = performance.now() + REST_MS
  clearTimeout(state.resting)
  state.resting = setTimeout(() => redraw(state), REST_MS + 20)
  setZoom(state, zoom[0] === whole[0] && zoom[1] === whole[1] ? null : zoom)
}

function moveByKey(state, view, event) {
  if (!view.drawn) return
  const [low, high] = view.drawn.x
  const at = state.pointed ?? (low + high) / 2
  const move = { ArrowLeft: -0.01, ArrowRight: 0.01 }[event.key]
  if (move) pointAt(state, Math.min(Math.max(at + move * (high - low), low), high), view)
  else if (event.key === "+") zoomBy(state, view, at, 0.8)
  else if (event.key === "-") zoomBy(state, view, at, 1.25)
  else if (event.key === "0") setZoom(state, null)
  else return
  event.preventDefault()
}

const zoomPlace = (state) => `galaxyscope.compare.${state.view.x}.${state.shown.map((run) => run.id).join()}`

export function setZoom(state, range) {
  state.zoom = range
  sessionStorage.setItem(zoomPlace(state), JSON.stringify(range))
  state.unzoom.hidden = range === null
  redraw(state)
}

/** Restores the zoom of this tab for these runs and this axis. */
export function readZoom(state) {
  const place = zoomPlace(state)
  if (place === state.zoomPlace) return
  state.zoomPlace = place
  state.zoom = JSON.parse(sessionStorage.getItem(place) ?? "null")
}

/** Moves the cross-hair of all panels to one x and shows the values there. */
export function pointAt(state, x, pointed) {
  state.pointed = x
  state.pointedIn = pointed
  for (const view of state.panels.values()) {
    const hidden = x === null || !view.drawn || x < view.drawn.x[0] || x > view.drawn.x[1]
    view.cross.hidden = view.values.hidden = hidden
    if (hidden) continue
    const { frame } = view.drawn
    const at = placeX(view.drawn, x)
    view.cross.style.cssText = `left:${at}px;top:${frame.top}px;height:${frame.tall}px`
    const onLeft = at > frame.left + frame.inner / 2
    view.values.style.cssText = onLeft ? `right:${frame.width - at + 8}px` : `left:${at + 8}px`
    renew(view.values, el("small", {}, `${state.view.x.replace("flops", "FLOPs")} ${prefixed(Number(x.toPrecision(5)))}`), view.lines.map((line) => valueRow(state, view, line, x, view === pointed)))
  }
}

function valueRow(state, view, line, x, named) {
  const i = lastBefore(line.x, x)
  const roomy = view.drawn.frame.width > 400
  const spread = roomy && line.low && i >= 0 ? ` (${valueWords(view.key, line.low[i])} to ${valueWords(view.key, line.high[i])})` : ""
  return el("div", { "data-line": line.id }, swatch(state, line.style), named ? el("span", {}, line.title) : null,
    el("b", {}, i < 0 ? "–" : valueWords(view.key, line.y[i])), named && spread ? el("small", {}, spread) : null)
}

/** The index of the last x at or before `x`, or −1. */
function lastBefore(places, x) {
  let low = 0, high = places.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (places[middle] <= x) low = middle + 1
    else high = middle
  }
  return low - 1
}
