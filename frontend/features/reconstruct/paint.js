// Painting a mask: a stroke starting on a visible patch hides patches, one starting on a hidden patch shows them.

import { el } from "../../ui/kit/dom.js"
import { drawScene } from "./draw.js"
import { refreshScene, reportSoon, showMaskWords } from "./mask_scrubber.js"
import { hiddenOf, PATCH_STEPS, patchUnder, stepPatch } from "./maths.js"
import { wantExact } from "./net.js"
import { showControls } from "./words.js"

/** @import { Mask, State } from "./state.d.ts" */

/** @param {State} state */
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

/** @param {State} state @param {PointerEvent} event */
const patchAt = ({ panels, grid }, event) => patchUnder(event, panels.masked.canvas.getBoundingClientRect(), grid.n)

/** @param {State} state @param {PointerEvent} event */
function startStroke(state, event) {
  if (!state.mask || event.button || (event.pointerType === "touch" && !state.view.hidden)) return
  event.preventDefault()
  state.panels.masked.canvas.setPointerCapture(event.pointerId)
  const [row, column] = patchAt(state, event)
  state.stroke = { hide: !state.mask[row * state.grid.n + column], last: [row, column] }
  brush(state, row, column)
}

/** @param {State} state @param {PointerEvent} event */
function moveBrush(state, event) {
  if (!state.grid.length) return
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

/** @param {State} state */
function endStroke(state) {
  if (!state.stroke) return
  state.stroke = null
  if (state.mask) setHidden(state, hiddenOf(state.mask))
}

/** Applies the brush (`state.brush` × `state.brush`) around a patch. @param {State} state @param {number} row @param {number} column */
function brush(state, row, column, draw = true) {
  const { grid: { n }, stroke } = state
  const before = Math.floor((state.brush - 1) / 2)
  if (!state.mask || !stroke) return
  const mask = (state.mask = state.mask.slice())
  for (let r = Math.max(row - before, 0); r < Math.min(row - before + state.brush, n); r++) {
    for (let c = Math.max(column - before, 0); c < Math.min(column - before + state.brush, n); c++) {
      mask[r * n + c] = stroke.hide ? 1 : 0
    }
  }
  if (!draw) return
  state.view.hidden = hiddenOf(mask)
  drawScene(state)
  showMaskWords(state)
}

/** @param {State} state @param {number} row @param {number} column */
function placeCursor(state, row, column) {
  const share = 100 / state.grid.n
  const before = Math.floor((state.brush - 1) / 2)
  state.cursor.hidden = false
  state.at = [row, column]
  state.cursor.style.cssText = `left:${(column - before) * share}%;top:${(row - before) * share}%;width:${state.brush * share}%;height:${state.brush * share}%`
}

/** @param {State} state @param {KeyboardEvent} event */
function paintByKey(state, event) {
  if (!state.mask) return
  const step = PATCH_STEPS[event.key]
  const paints = event.key === " " || event.key === "Enter"
  if (!step && !paints) return
  event.preventDefault()
  event.stopPropagation()
  const { n } = state.grid
  const [row, column] = stepPatch(state.at ?? [n >> 1, n >> 1], step ?? [0, 0], n)
  placeCursor(state, row, column)
  if (!paints) return
  state.stroke = { hide: !state.mask[row * n + column], last: [row, column] }
  brush(state, row, column)
  endStroke(state)
}

/** Sets a hand-made mask; null returns to the mask of ratio, kind and seed. @param {State} state @param {number[] | null} hidden */
export function setHidden(state, hidden) {
  state.view.hidden = hidden
  refreshScene(state)
  showControls(state)
  wantExact(state, 0)
  reportSoon(state)
}

/** @param {State} state */
export function paintTools(state) {
  const tool = (/** @type {string} */ words, /** @type {string} */ title, /** @type {(mask: Mask) => Mask} */ mask) =>
    el("button", { title, onClick: () => { if (state.mask) setHidden(state, hiddenOf(mask(state.mask))) } }, words)
  const sizes = el("select", { "aria-label": "Brush", title: "Brush size in patches" },
    [1, 2, 3, 5].map((side) => el("option", { value: side }, `brush ${side} × ${side}`)))
  sizes.onchange = () => { state.brush = Number(sizes.value) }
  return el("div", { class: "group tools", hidden: true }, sizes,
    tool("Invert", "Swap hidden and visible patches", (mask) => mask.map((hidden) => 1 - hidden)),
    tool("Clear", "Show all patches", (mask) => new Uint8Array(mask.length)),
    tool("Hide all", "Hide all patches", (mask) => new Uint8Array(mask.length).fill(1)))
}
