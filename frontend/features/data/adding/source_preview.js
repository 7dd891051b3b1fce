// Sixteen galaxies of a source as they would be stored; the old image stays until the new one is loaded.

import { API, Refused } from "../../../ui/kit/api.js"
import { makeStore } from "../../../ui/kit/component.js"
import { el } from "../../../ui/kit/dom.js"
import { sentence } from "../../../ui/kit/format.js"

const previews = makeStore()
const TILE_PX = 96

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".gx-source_preview")
  const state = previews(parentElement, () => build(root))
  const key = JSON.stringify(data.config)
  if (key === state.key) return
  state.key = key
  load(state, data)
}

function build(root) {
  const state = { root, turn: 0 }
  state.tiles = el("div", { class: "tiles", role: "img", "aria-label": "Preview of the stored images" },
    Array.from({ length: 16 }, () => el("span", { class: "gx-bone" })))
  state.words = el("p", { class: "gx-soft", role: "status" }, "Reading galaxies…")
  root.replaceChildren(state.tiles, state.words)
  return state
}

async function load(state, data) {
  const turn = ++state.turn
  state.stop?.abort()
  state.stop = new AbortController()
  state.tiles.classList.add("waiting")
  try {
    const url = await fetchPicture(state.key, state.stop.signal)
    if (turn === state.turn) await show(state, url, data)
  } catch (problem) {
    if (turn !== state.turn || problem.name === "AbortError") return
    say(state, problem instanceof Refused ? sentence(problem.message) : "The server is not responding.", true)
  } finally {
    if (turn === state.turn) state.tiles.classList.remove("waiting")
  }
}

async function fetchPicture(config, signal) {
  const answer = await fetch(`${API}/sources/preview.png?config=${encodeURIComponent(config)}`, { signal, credentials: "same-origin" })
  if (!answer.ok) throw new Refused((await answer.json().catch(() => null))?.detail ?? `The server returned ${answer.status}.`)
  return URL.createObjectURL(await answer.blob())
}

function say(state, words, bad = false) {
  state.words.textContent = words
  state.words.className = bad ? "gx-tone-bad" : "gx-soft"
  state.root.dataset.state = bad ? "failed" : "shown"
}

/** Shows the sprite as wrapping tiles, which fit a phone. */
async function show(state, url, data) {
  const sprite = new Image()
  sprite.src = url
  await sprite.decode()
  const columns = Math.max(1, Math.round(sprite.naturalWidth / TILE_PX))
  const rows = Math.max(1, Math.round(sprite.naturalHeight / TILE_PX))
  const shown = Math.min(data.n, columns * rows)
  const share = (at, of) => (of > 1 ? (100 * at) / (of - 1) : 0)
  state.tiles.replaceChildren(...Array.from({ length: shown }, (_, i) => el("span", { style:
    `background-image:url("${url}");background-size:${100 * columns}% ${100 * rows}%;`
    + `background-position:${share(i % columns, columns)}% ${share(Math.floor(i / columns), rows)}%` })))
  state.tiles.setAttribute("aria-label", `${shown} galaxies as they would be stored`)
  if (state.url) URL.revokeObjectURL(state.url)
  state.url = url
  say(state, data.caption)
}
