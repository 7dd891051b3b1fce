// Eight galaxies of the first batch in three rows: original, augmented, masked.

import { API, Refused } from "../../ui/kit/api.js"
import { makeStore } from "../../ui/kit/component.js"
import { el } from "../../ui/kit/dom.js"
import { capitalised, percent, sentence } from "../../ui/kit/format.js"

const batches = makeStore()
const ROWS = ["original", "augmented", "masked"]
const WAIT_MS = 150

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".gx-first_batch")
  const state = batches(parentElement, () => build(root, data))
  request(state, data)
  return () => {
    clearTimeout(state.timer)
    state.resize.disconnect()
  }
}

function build(root, data) {
  const state = { root, path: null, shown: null }
  state.tiles = ROWS.map((row) => Array.from({ length: data.columns }, (_, i) =>
    el("canvas", { class: "gx-bone", width: 1, height: 1, role: "img", "aria-label": `Galaxy ${i + 1} of the first batch, ${row}` })))
  state.names = ROWS.map((row) => el("span", { class: "row-name gx-soft" }, capitalised(row)))
  state.problem = el("p", { class: "gx-tone-bad", role: "alert", hidden: true })
  state.grid = el("div", { class: "grid" }, state.tiles.flatMap((row, i) => [state.names[i], el("div", { class: "tiles" }, row)]))
  root.replaceChildren(state.grid, state.problem)
  state.resize = new ResizeObserver(() => crispen(state))
  state.resize.observe(root)
  return state
}

/** Requests the image of these values, shortly after the last change. */
function request(state, data) {
  state.root.classList.toggle("stale", data.path === null || data.path !== state.shown)
  if (data.path === state.path) return
  state.path = data.path
  clearTimeout(state.timer)
  if (!data.path && !state.shown) showMessage(state, "The image appears once all fields are valid.", "gx-soft")
  if (data.path) state.timer = setTimeout(() => load(state, data), state.shown ? WAIT_MS : 0)
}

async function load(state, data) {
  const current = () => state.path === data.path
  try {
    const picture = await fetchPicture(data.path)
    if (!current()) return
    paint(state, picture, data)
    showMessage(state, null)
  } catch (problem) {
    if (!current()) return
    state.path = null // so that the same values can be requested again
    showMessage(state, problem instanceof Refused ? problem.message : "The server is not responding; the image shows earlier values.")
  }
}

async function fetchPicture(path) {
  const answer = await fetch(API + path, { credentials: "same-origin" })
  if (!answer.ok) {
    const body = await answer.json().catch(() => null)
    throw new Refused(body?.detail ?? `The server returned ${answer.status}.`)
  }
  return createImageBitmap(await answer.blob())
}

function showMessage(state, problem, kind = "gx-tone-bad") {
  state.problem.hidden = !problem
  state.problem.className = kind
  state.problem.textContent = problem ? sentence(problem) : ""
}

function paint(state, picture, data) {
  const side = picture.width / data.columns
  state.side = side
  state.tiles.forEach((row, r) => row.forEach((canvas, c) => {
    canvas.width = canvas.height = side
    canvas.className = ""
    canvas.getContext("2d").drawImage(picture, c * side, r * side, side, side, 0, 0, side, side)
  }))
  state.names[2].textContent = `Masked, ${percent(data.mask_ratio).replace(".0", "")}`
  state.shown = data.path
  state.root.dataset.path = data.path
  state.root.classList.remove("stale")
  crispen(state)
}

/** Shows pixels as squares if enlarged more than twofold. */
function crispen(state) {
  const enlarged = state.tiles[0][0].clientWidth * devicePixelRatio > 2 * (state.side ?? Infinity)
  state.grid.classList.toggle("crisp", enlarged)
}
