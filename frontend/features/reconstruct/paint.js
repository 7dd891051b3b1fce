// Painting a mask: a stroke starting on a visible patch hides patches, one starting on a hidden patch shows them.

import { el } from "../../ui/kit/dom.js"
import { drawScene } from "./draw.js"
import { refreshScene, reportSoon, showMaskWords } from "./mask_scrubber.js"
import { hiddenOf } from "./maths.js"
import { wantExact } from "./net.js"
import { showControls } from "./words.js"

export function preparePaint(state) {
  const { canvas } = state.panels.masked
  canvas.tabIndex = 0
  canvas.setAttribute("aria-label", "Masked image. Arrow keys choose a patch, Space hides or shows it.")
  state.cursor = el("i", { class: "cursor", hidden: true })
  state.panels.masked.frame.append(state.cursor)
  canvas.onpointerdown = (event) => startStroke(state, event)
  canvas.onpointermove = (event) => moveBrush(state, event)
  canvas.onpointerup = canvas.onpointercancel = () => endStroke(state)
  canvas.onpointerleave = () => { if (!state.stroke) state.cursor.hidden = true }
  canvas.onkeydown = (event) => paintByKey(state, event)
  canvas.onblur = () => { state.cursor.hidden = true }
}

function patchAt(state, event) {
  const box = state.panels.masked.canvas.getBoundingClientRect()
  const { n } = state.grid
  const place = (share) => Math.min(Math.max(Math.floor(n * share), 0), n - 1)
  return [place((event.clientY - box.top) / box.height), place((event.clientX - box.left) / box.width)]
}

function startStroke(state, event) {
  if (!state.mask || event.button || (event.pointerType === "touch" && !state.view.hidden)) return
  event.preventDefault()
  state.panels.masked.canvas.setPointerCapture(event.pointerId)
  const [row, column] = patchAt(state, event)
  state.stroke = { hide: !state.mask[row * state.grid.n + column], last: [row, column] }
  brush(state, row, column)
}

function moveBrush(state, event) {
  if (!state.grid) return
  const [row, column] = patchAt(state, event)
  placeCursor(state, row, column)
  if (!state.stroke) return
  const [fromRow, fromColumn] = state.stroke.last
  const steps = Math.max(Math.abs(row - fromRow), Math.abs(column - fromColumn), 1)
  for (let i = 1; i <= steps; i++) { // fast strokes leave no gaps
    brush(state, Math.round(fromRow + (row - fromRow) * i / steps), Math.round(fromColumn + (column - fromColumn) * i / steps), i === steps)
  }
  state.stroke.last = [row, column]
}

function endStroke(state) {
  if (!state.stroke) return
  state.stroke = null
  setHidden(state, hiddenOf(state.mask))
}

/** Applies the brush (`state.brush` × `state.brush`) around a patch. */
function brush(state, row, column, draw = true) {
  const { n } = state.grid
  const before = Math.floor((state.brush - 1) / 2)
  const mask = (state.mask = state.mask.slice())
  for (let r = Math.max(row - before, 0); r < Math.min(row - before + state.brush, n); r++) {
    for (let c = Math.max(column - before, 0); c < Math.min(column - before + state.brush, n); c++) {
      mask[r * n + c] = state.stroke.hide ? 1 : 0
    }
  }
  if (!draw) return
  state.view.hidden = hiddenOf(mask)
  drawScene(state)
  showMaskWords(state)
}

function placeCursor(state, row, column) {
  const share = 100 / state.grid.n
  const before = Math.floor((state.brush - 1) / 2)
  state.cursor.hidden = false
  state.at = [row, column]
  state.cursor.style.cssText = `left:${(column - before) * share}%;top:${(row - before) * share}%;width:${state.brush * share}%;height:${state.brush * share}%`
}

export const PATCH_STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }

function paintByKey(state, event) {
  if (!state.mask) return
  const step = PATCH_STEPS[event.key]
  const paints = event.key === " " || event.key === "Enter"
  if (!step && !paints) return
  event.preventDefault()
  event.stopPropagation()
  const { n } = state.grid
  const [row, column] = state.at ?? [n >> 1, n >> 1]
  const inside = (value) => Math.min(Math.max(value, 0), n - 1)
  const [r, c] = step ? [inside(row + step[0]), inside(column + step[1])] : [row, column]
  placeCursor(state, r, c)
  if (!paints) return
  state.stroke = { hide: !state.mask[r * n + c] }
  brush(state, r, c)
  endStroke(state)
}

/** Sets a hand-made mask; null returns to the mask of ratio, kind and seed. */
export function setHidden(state, hidden) {
  state.view.hidden = hidden
  refreshScene(state)
  showControls(state)
  wantExact(state, 0)
  reportSoon(state)
}

export function paintTools(state) {
  const tool = (words, title, mask) => el("button", { title, onClick: () => { if (state.mask) setHidden(state, hiddenOf(mask(state.mask))) } }, words)
  const sizes = el("select", { "aria-label": "Brush", title: "Brush size in patches" },
    [1, 2, 3, 5].map((side) => el("option", { value: side }, `brush ${side} × ${side}`)))
  sizes.onchange = () => { state.brush = Number(sizes.value) }
  return el("div", { class: "group tools", hidden: true }, sizes,
    tool("Invert", "Swap hidden and visible patches", (mask) => mask.map((hidden) => 1 - hidden)),
    tool("Clear", "Show all patches", (mask) => new Uint8Array(mask.length)),
    tool("Hide all", "Hide all patches", (mask) => new Uint8Array(mask.length).fill(1)))
}
