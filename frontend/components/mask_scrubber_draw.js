// The five panels, drawn at the model's own pixels from pictures at hand; nothing here asks the server.

const PANELS = ["original", "masked", "reconstruction", "composite", "error"]
const PREDICTED = ["reconstruction", "composite", "error"]
const HIDDEN_GREY = [72, 72, 72, 255] // as in the pictures of the server
const NO_ERROR = [68, 1, 84, 255] // viridis at 0

function buildPanels(state) {
  state.panels = Object.fromEntries(PANELS.map((name) => {
    const canvas = el("canvas", { width: 1, height: 1, role: "img", "aria-label": name, "data-panel": name })
    const line = PREDICTED.includes(name) ? el("i", { class: "wipe", hidden: true }) : null
    const frame = el("div", { class: "frame" }, canvas, line)
    const note = el("span", { class: "note" }, name === "masked" ? "press to hide or show" : "")
    const box = el("figure", { class: `panel ${name}` }, el("figcaption", {}, name, note), frame)
    return [name, { box, frame, canvas, line, note, pen: canvas.getContext("2d") }]
  }))
  state.cells = { veil: cellCanvas(), seen: cellCanvas(), calm: cellCanvas() }
  state.scratch = cellCanvas()
}

function cellCanvas() {
  const canvas = document.createElement("canvas")
  return { canvas, pen: canvas.getContext("2d"), pixels: null }
}

/** Canvases of the model's input size; `length` patches in a square. */
function sizePanels(state, side, length) {
  if (state.grid?.side === side && state.grid.length === length) return
  const n = Math.round(Math.sqrt(length))
  state.grid = { side, length, n }
  for (const { canvas } of Object.values(state.panels)) canvas.width = canvas.height = side
  state.scratch.canvas.width = state.scratch.canvas.height = side
  for (const cell of Object.values(state.cells)) {
    cell.canvas.width = cell.canvas.height = n
    cell.pixels = cell.pen.createImageData(n, n)
  }
  for (const { pen } of [...Object.values(state.panels), state.scratch]) pen.imageSmoothingEnabled = false
  crispenPanels(state)
}

/** Pixels show as squares where they are enlarged beyond two. */
function crispenPanels(state) {
  const enlarged = state.panels.original.canvas.clientWidth * devicePixelRatio > 2 * (state.grid?.side ?? Infinity)
  state.row.classList.toggle("crisp", enlarged)
}

/** One pixel a patch: the grey veil over hidden ones, and two stencils of the visible ones. */
function fillCells({ cells }, mask) {
  const put = (cell, colour, shown) => {
    const { data } = cell.pixels
    for (let i = 0; i < mask.length; i++) {
      for (let c = 0; c < 3; c++) data[4 * i + c] = colour[c]
      data[4 * i + 3] = mask[i] === shown ? 255 : 0
    }
    cell.pen.putImageData(cell.pixels, 0, 0)
  }
  put(cells.veil, HIDDEN_GREY, 1)
  put(cells.seen, NO_ERROR, 0)
  put(cells.calm, NO_ERROR, 0)
}

/** Draws every panel for the mask in force. */
function drawScene(state) {
  const { a, b } = state.sides
  if (!a.exact || !state.grid || !state.mask) return
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

/** The visible patches of the original alone, for the composite. */
function drawVisible({ scratch: { pen }, cells, grid: { side } }, original) {
  pen.globalCompositeOperation = "copy"
  pen.drawImage(original, 0, 0, side, side)
  pen.globalCompositeOperation = "destination-in"
  pen.drawImage(cells.seen.canvas, 0, 0, side, side)
  pen.globalCompositeOperation = "source-over"
}

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

/** What one model makes of the mask: the server's own pictures, else the sprite's frame, else its last. */
function drawSide(state, model) {
  const exact = exactFits(state, model)
  if (exact) return drawExact(state, model.exact.pictures)
  if (!state.want.hidden && ladderFits(state, model)) return drawFrame(state, model)
  drawUnder(state, model.exact.pictures.reconstruction, model.exact.pictures.error)
}

function drawExact({ panels, grid: { side } }, pictures) {
  for (const name of PREDICTED) panels[name].pen.drawImage(pictures[name], 0, 0, side, side)
}

function drawFrame(state, { ladder }) {
  const { side } = state.grid
  const held = ladder.sprite.height / 2
  const left = held * frameFor(ladder.info.curve.ratios, state.want.ratio)
  const draw = (name, top) => state.panels[name].pen.drawImage(ladder.sprite, left, top, held, held, 0, 0, side, side)
  draw("reconstruction", 0)
  draw("composite", 0)
  draw("error", held)
  coverVisible(state)
}

/** A mask that was just painted over predictions of the mask before. */
function drawUnder(state, reconstruction, error) {
  const { side } = state.grid
  state.panels.reconstruction.pen.drawImage(reconstruction, 0, 0, side, side)
  state.panels.composite.pen.drawImage(reconstruction, 0, 0, side, side)
  state.panels.error.pen.drawImage(error, 0, 0, side, side)
  coverVisible(state)
}

function coverVisible({ panels, scratch, cells, grid: { side } }) {
  panels.composite.pen.drawImage(scratch.canvas, 0, 0, side, side)
  panels.error.pen.drawImage(cells.calm.canvas, 0, 0, side, side)
}
