// Eight galaxies of the first batch in three rows: original, augmented, masked.

import { address, fetchFile } from "../../ui/kit/api.js"
import { makeStore } from "../../ui/kit/component.js"
import { el, find } from "../../ui/kit/dom.js"
import { capitalised, percent, sentence } from "../../ui/kit/format.js"
import { problemWords } from "../../ui/kit/problems.js"

/** @import { Mounting } from "../../ui/kit/mount.d.ts" */
/** @typedef {{ request: string | null, columns: number, mask_ratio: number }} Data `request` is a RunRequest as JSON, null if invalid */

/** `wanted` and `shown` are requests.
 * @typedef {object} State
 * @property {HTMLElement} root
 * @property {string | null} wanted
 * @property {string | null} shown
 * @property {number} [timer]
 * @property {number} side
 * @property {HTMLCanvasElement[][]} tiles
 * @property {HTMLElement[]} names
 * @property {HTMLElement} problem
 * @property {HTMLElement} grid
 * @property {ResizeObserver} resize
 */

/** @type {ReturnType<typeof makeStore<State>>} */
const batches = makeStore()
const ROWS = ["original", "augmented", "masked"]
const WAIT_MS = 150

/** @param {Mounting<Data>} mounting */
export default function ({ data, parentElement }) {
  const root = find(parentElement, ".gx-first_batch")
  const state = batches(parentElement, () => build(root, data.columns))
  request(state, data)
  return () => {
    clearTimeout(state.timer)
    state.resize.disconnect()
  }
}

/** @param {HTMLElement} root @param {number} columns @returns {State} */
function build(root, columns) {
  const tiles = ROWS.map((row) => Array.from({ length: columns }, (_, i) =>
    el("canvas", { class: "gx-bone", width: 1, height: 1, role: "img", "aria-label": `Galaxy ${i + 1} of the first batch, ${row}` })))
  const names = ROWS.map((row) => el("span", { class: "row-name gx-soft" }, capitalised(row)))
  const problem = el("p", { class: "gx-tone-bad", role: "alert", hidden: true })
  const grid = el("div", { class: "grid" }, tiles.flatMap((row, i) => [names[i], el("div", { class: "tiles" }, row)]))
  root.replaceChildren(grid, problem)
  const resize = new ResizeObserver(() => crispen(state))
  /** @type {State} */
  const state = { root, wanted: null, shown: null, side: Infinity, tiles, names, problem, grid, resize }
  resize.observe(root)
  return state
}

/** Requests the image of these values, shortly after the last change. @param {State} state @param {Data} data */
function request(state, data) {
  state.root.classList.toggle("stale", data.request === null || data.request !== state.shown)
  if (data.request === state.wanted) return
  state.wanted = data.request
  clearTimeout(state.timer)
  if (!data.request && !state.shown) showMessage(state, "The image appears once all fields are valid.", "gx-soft")
  if (data.request) state.timer = window.setTimeout(() => load(state, data), state.shown ? WAIT_MS : 0)
}

/** @param {State} state @param {Data} data */
async function load(state, data) {
  const current = () => state.wanted === data.request
  try {
    const answer = await fetchFile(address("/launch/first-batch.png", { request: data.request }))
    const picture = await createImageBitmap(await answer.blob())
    if (!current()) return
    paint(state, picture, data)
    showMessage(state, null)
  } catch (problem) {
    if (!current()) return
    state.wanted = null // so that the same values can be requested again
    showMessage(state, problemWords(problem, "The server is not responding; the image shows earlier values."))
  }
}

/** @param {State} state @param {string | null} problem */
function showMessage(state, problem, kind = "gx-tone-bad") {
  state.problem.hidden = !problem
  state.problem.className = kind
  state.problem.textContent = problem ? sentence(problem) : ""
}

/** @param {State} state @param {ImageBitmap} picture @param {Data} data */
function paint(state, picture, data) {
  const side = picture.width / data.columns
  state.side = side
  state.tiles.forEach((row, r) => row.forEach((canvas, c) => {
    canvas.width = canvas.height = side
    canvas.className = ""
    canvas.getContext("2d")?.drawImage(picture, c * side, r * side, side, side, 0, 0, side, side)
  }))
  state.names[2].textContent = `Masked, ${percent(data.mask_ratio).replace(".0", "")}`
  state.shown = data.request
  state.root.dataset.request = data.request ?? ""
  state.root.classList.remove("stale")
  crispen(state)
}

/** Shows pixels as squares if enlarged more than twofold. @param {State} state */
function crispen(state) {
  state.grid.classList.toggle("crisp", state.tiles[0][0].clientWidth * devicePixelRatio > 2 * state.side)
}
