// The five panels, drawn at the resolution of the model from loaded images.

import { el } from "../../ui/kit/dom.js"
import { capitalised } from "../../ui/kit/format.js"
import { frameFor } from "./maths.js"
import { exactFits, ladderFits } from "./net.js"

/** @import { Rgb } from "../../ui/charts/colour_maps.js" */
/** @import { Cells, Ladder, Mask, Panel, PanelName, Pictures, Side, State } from "./state.d.ts" */

/** @type {readonly PanelName[]} */
export const PANELS = ["original", "masked", "reconstruction", "composite", "error"]
/** @type {readonly PanelName[]} */
export const PREDICTED = ["reconstruction", "composite", "error"]
const HIDDEN_GREY = [72, 72, 72, 255] // as in images from the server
const NO_ERROR = [68, 1, 84, 255] // viridis at 0

/** @param {State} state */
export function buildPanels(state) {
  const panels = PANELS.map((name) => {
    const canvas = el("canvas", { width: 1, height: 1, role: "img", "aria-label": name, "data-panel": name })
    const line = PREDICTED.includes(name) ? el("i", { class: "wipe", hidden: true }) : null
    const frame = el("div", { class: "frame" }, canvas, line)
    const note = el("span", { class: "note" }, name === "masked" ? "click to hide or show" : "")
    const box = el("figure", { class: `panel ${name}` }, el("figcaption", {}, capitalised(name), note), frame)
    return [name, { box, frame, canvas, line, note, pen: penOf(canvas) }]
  })
  state.panels = /** @type {Record<PanelName, Panel>} */ (Object.fromEntries(panels))
  state.cells = { veil: cellCanvas(), seen: cellCanvas(), calm: cellCanvas() }
  state.scratch = cellCanvas()
}

/** @param {HTMLCanvasElement} canvas */
export const penOf = (canvas) => /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"))

/** @returns {Cells} */
export function cellCanvas() {
  const canvas = document.createElement("canvas")
  return { canvas, pen: penOf(canvas) }
}

/** Sizes the canvases to the model's input; `length` patches form a square.
 * @param {State} state
 * @param {number} side
 * @param {number} length
 */
export function sizePanels(state, side, length) {
  if (state.grid.side === side && state.grid.length === length) return
  const n = Math.round(Math.sqrt(length))
  state.grid = { side, length, n }
  for (const { canvas } of Object.values(state.panels)) canvas.width = canvas.height = side
  state.scratch.canvas.width = state.scratch.canvas.height = side
  for (const { canvas } of Object.values(state.cells)) canvas.width = canvas.height = n
  for (const { pen } of [...Object.values(state.panels), state.scratch]) pen.imageSmoothingEnabled = false
  crispenPanels(state)
}

/** Shows pixels as squares if enlarged more than twofold. @param {State} state */
export function crispenPanels(state) {
  const enlarged = state.panels.original.canvas.clientWidth * devicePixelRatio > 2 * (state.grid.side || Infinity)
  state.row.classList.toggle("crisp", enlarged)
}

/** One pixel per patch: a grey veil over hidden patches, and two stencils of visible ones. @param {State} state @param {Mask} mask */
function fillCells({ cells }, mask) {
  const put = (/** @type {Cells} */ { canvas, pen }, /** @type {Rgb} */ colour, /** @type {0 | 1} */ shown) => {
    const pixels = pen.createImageData(canvas.width, canvas.height), { data } = pixels
    for (let i = 0; i < mask.length; i++) {
      for (let c = 0; c < 3; c++) data[4 * i + c] = colour[c]
      data[4 * i + 3] = mask[i] === shown ? 255 : 0
    }
    pen.putImageData(pixels, 0, 0)
  }
  put(cells.veil, HIDDEN_GREY, 1)
  put(cells.seen, NO_ERROR, 0)
  put(cells.calm, NO_ERROR, 0)
}

/** Draws all panels for the current mask. @param {State} state */
export function drawScene(state) {
  const { a, b } = state.sides
  if (!a.exact || !state.grid.length || !state.mask) return
  fillCells(state, state.mask)
  const { side } = state.grid
  const original = a.exact.pictures.original
  state.panels.original.pen.drawImage(original, 0, 0, side, side)
  state.panels.masked.pen.drawImage(original, 0, 0, side, side)
  state.panels.masked.pen.drawImage(state.cells.veil.canvas, 0, 0, side, side)
  drawVisible(state, original)
  drawSide(state, a)
  if (b?.exact) drawWiped(state, b)
}

/** Only the visible patches of the original, for the composite. @param {State} state @param {ImageBitmap} original */
function drawVisible({ scratch: { pen }, cells, grid: { side } }, original) {
  pen.globalCompositeOperation = "copy"
  pen.drawImage(original, 0, 0, side, side)
  pen.globalCompositeOperation = "destination-in"
  pen.drawImage(cells.seen.canvas, 0, 0, side, side)
  pen.globalCompositeOperation = "source-over"
}

/** @param {State} state @param {Side} side */
function drawWiped(state, side) {
  const { side: width } = state.grid
  const from = state.wipe * width
  for (const name of PREDICTED) {
    const { pen } = state.panels[name]
    pen.save()
    pen.beginPath()
    pen.rect(from, 0, width - from, width)
    pen.clip()
  }
  drawSide(state, side)
  for (const name of PREDICTED) state.panels[name].pen.restore()
}

/** The prediction of one model: exact images, else a frame of the ladder, else its last images. @param {State} state @param {Side} model */
function drawSide(state, model) {
  const { exact, ladder } = model
  if (exact && exactFits(state, model)) drawExact(state, exact.pictures)
  else if (ladder && !state.view.hidden && ladderFits(state, model)) drawFrame(state, ladder)
  else if (exact) drawUnder(state, exact.pictures.reconstruction, exact.pictures.error)
}

/** @param {State} state @param {Pictures} pictures */
function drawExact({ panels, grid: { side } }, pictures) {
  for (const name of PREDICTED) panels[name].pen.drawImage(pictures[name], 0, 0, side, side)
}

/** @param {State} state @param {Ladder} ladder */
function drawFrame(state, { info, sprite }) {
  const { side } = state.grid
  const held = sprite.height / 2
  const left = held * frameFor(info.curve.ratios, state.view.ratio)
  const draw = (/** @type {PanelName} */ name, /** @type {number} */ top) => state.panels[name].pen.drawImage(sprite, left, top, held, held, 0, 0, side, side)
  draw("reconstruction", 0)
  draw("composite", 0)
  draw("error", held)
  coverVisible(state)
}

/** A newly painted mask over the predictions for the previous one.
 * @param {State} state
 * @param {ImageBitmap} reconstruction
 * @param {ImageBitmap} error
 */
function drawUnder(state, reconstruction, error) {
  const { side } = state.grid
  state.panels.reconstruction.pen.drawImage(reconstruction, 0, 0, side, side)
  state.panels.composite.pen.drawImage(reconstruction, 0, 0, side, side)
  state.panels.error.pen.drawImage(error, 0, 0, side, side)
  coverVisible(state)
}

/** @param {State} state */
function coverVisible({ panels, scratch, cells, grid: { side } }) {
  panels.composite.pen.drawImage(scratch.canvas, 0, 0, side, side)
  panels.error.pen.drawImage(cells.calm.canvas, 0, 0, side, side)
}
