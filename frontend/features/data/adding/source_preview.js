// Sixteen galaxies of a source as they would be stored; the old image stays until the new one is loaded.

import { address, fetchFile } from "../../../ui/kit/api.js"
import { makeStore } from "../../../ui/kit/component.js"
import { el, find } from "../../../ui/kit/dom.js"
import { problemWords } from "../../../ui/kit/problems.js"

/** @typedef {"/sources/preview.png" | "/cutouts/preview.png"} Picture */
/** @typedef {{ config: Record<string, unknown>, n: number, caption: string, picture: Picture }} Data `config` has values of the form */
/** @typedef {ReturnType<typeof build>} State */

/** @type {ReturnType<typeof makeStore<State>>} */
const previews = makeStore()
const TILE_PX = 96

/** @param {import("../../../ui/kit/mount.d.ts").Mounting<Data>} mounting */
export default function ({ data, parentElement }) {
  const state = previews(parentElement, () => build(find(parentElement, ".gx-source_preview")))
  const key = JSON.stringify([data.picture, data.config])
  if (key === state.key) return
  state.key = key
  load(state, data)
}

/** @param {HTMLElement} root */
function build(root) {
  const tiles = el("div", { class: "tiles", role: "img", "aria-label": "Preview of the stored images" },
    Array.from({ length: 16 }, () => el("span", { class: "gx-bone" })))
  const words = el("p", { class: "gx-soft", role: "status" }, "Reading galaxies…")
  root.replaceChildren(tiles, words)
  return { root, tiles, words, key: "", url: "", stop: new AbortController() }
}

/** @param {State} state @param {Data} data */
async function load(state, data) {
  state.stop.abort()
  const { signal } = state.stop = new AbortController()
  state.tiles.classList.add("waiting")
  try {
    const picture = await fetchFile(address(data.picture, { config: JSON.stringify(data.config) }), { signal })
    const url = URL.createObjectURL(await picture.blob())
    if (!signal.aborted) await show(state, url, data)
  } catch (problem) {
    if (!signal.aborted) say(state, problemWords(problem, "The server is not responding."), true)
  } finally {
    if (!signal.aborted) state.tiles.classList.remove("waiting")
  }
}

/** @param {State} state @param {string} words */
function say(state, words, bad = false) {
  state.words.textContent = words
  state.words.className = bad ? "gx-tone-bad" : "gx-soft"
  state.root.dataset.state = bad ? "failed" : "shown"
}

/** Shows the sprite as wrapping tiles, which fit a phone.
 * @param {State} state
 * @param {string} url
 * @param {Data} data
 */
async function show(state, url, data) {
  const sprite = new Image()
  sprite.src = url
  await sprite.decode()
  const columns = Math.max(1, Math.round(sprite.naturalWidth / TILE_PX))
  const rows = Math.max(1, Math.round(sprite.naturalHeight / TILE_PX))
  const shown = Math.min(data.n, columns * rows)
  const share = (/** @type {number} */ at, /** @type {number} */ of) => (of > 1 ? (100 * at) / (of - 1) : 0)
  state.tiles.replaceChildren(...Array.from({ length: shown }, (_, i) => el("span", { style:
    `background-image:url("${url}");background-size:${100 * columns}% ${100 * rows}%;`
    + `background-position:${share(i % columns, columns)}% ${share(Math.floor(i / columns), rows)}%` })))
  state.tiles.setAttribute("aria-label", `${shown} galaxies as they would be stored`)
  if (state.url) URL.revokeObjectURL(state.url)
  state.url = url
  say(state, data.caption)
}
