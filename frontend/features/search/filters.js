// Number and size of results, order, filters, and downloads.

import { collectControl } from "../../ui/galaxies/collecting.js"
import { fillSelect } from "../../ui/galaxies/picking.js"
import { address } from "../../ui/kit/api.js"
import { el, putText, renew } from "../../ui/kit/dom.js"
import { change } from "./galaxy_search.js"
import { queryOf, requestOf } from "./net.js"
import { boundField, buildRowFilters, showRowFilters } from "./row_filters.js"
import { datasetNow, spaceOf } from "./space.js"

/** @import { SearchState } from "./state.d.ts" */

/** @param {SearchState} state */
export function buildFilters(state) {
  state.sizes = el("select", { "aria-label": "Number of results" })
  state.sizes.onchange = () => change(state, { k: Number(state.sizes.value) })
  state.tileSize = el("input", { type: "range", min: 64, max: 256, step: 8, "aria-label": "Image size" })
  state.tileSize.oninput = () => change(state, { tile: Number(state.tileSize.value) })
  state.orders = [false, true].map((least) => el("button", { class: "narrow", title: `${least ? "Least" : "Most"} similar first`, onClick: () => change(state, { least }) }, `${least ? "Least" : "Most"} similar`))
  state.taking = el("span", { class: "group" })
  return el("div", { class: "bar filters" },
    el("div", { class: "group" }, state.sizes, state.tileSize), el("div", { class: "group", role: "group", "aria-label": "Order" }, state.orders),
    buildFold(state), state.taking, (state.collect = collectControl(() => selectionOf(state))))
}

/** @param {SearchState} state */
function buildFold(state) {
  const rows = buildRowFilters(state)
  state.near = boundField("Minimum separation, arcsec", (near) => change(state, { near: near ?? 5 }))
  state.withTrivial = el("input", { type: "checkbox" })
  state.withTrivial.onchange = () => change(state, { trivial: state.withTrivial.checked })
  state.foldName = el("summary", {}, "Filters")
  return el("details", {}, state.foldName, el("div", { class: "fold" }, rows, state.near.node,
    el("label", { class: "check", title: "Galaxies of the same source or within the minimum separation, and near-identical images" }, state.withTrivial, "Include repeats of the query")))
}

/** @param {SearchState} state */
export function showFilters(state) {
  const { view, data: { sizes } } = state
  const of = datasetNow(state)
  const many = sizes.includes(view.k) ? sizes : [...sizes, view.k].sort((a, b) => a - b)
  fillSelect(state.sizes, many.map((k) => [String(k), `${k} galaxies`]), String(view.k))
  state.tileSize.value = String(view.tile)
  state.root.style.setProperty("--tile", `${view.tile}px`)
  state.orders.forEach((button, place) => button.setAttribute("aria-pressed", String(view.least === Boolean(place))))
  showRowFilters(state)
  state.near.node.hidden = !of?.with_sky
  putText(state.near.input, view.near)
  state.withTrivial.checked = view.trivial
  showTaking(state)
}

/** The query and the results. @param {SearchState} state */
function selectionOf({ result, view }) {
  const found = result ? [...(result.query ? [result.query] : []), ...result.neighbours] : []
  return { dataset: result?.dataset ?? view.dataset, rows: found.map(({ galaxy }) => galaxy.row) }
}

/** Links to files of the results and of all embeddings. @param {SearchState} state */
export function showTaking(state) {
  const request = requestOf(state)
  state.collect.hidden = !request || !state.result
  if (!request) return state.taking.replaceChildren()
  const file = (/** @type {string} */ href, /** @type {string} */ word, /** @type {string} */ title) => el("a", { href, download: "", title }, word)
  const results = (/** @type {string} */ format) => address("/search.{file_format}", { file_format: format, ...queryOf(request) })
  const vectors = (/** @type {string} */ format) => address("/embeddings.{file_format}", { file_format: format, ...spaceOf(state) })
  renew(state.taking,
    file(results("csv"), "CSV", "These results, with RA, Dec, similarity, class and links"),
    file(results("parquet"), "Parquet", "These results, with RA, Dec, similarity, class and links"),
    file(vectors("parquet"), "All embeddings", "The vectors of all galaxies by source id, as Parquet"),
    file(vectors("npy"), ".npy", "The vectors of all galaxies by source id, as a NumPy record array"))
}
