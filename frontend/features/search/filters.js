// Number and size of results, order, filters, and downloads.

import { collectControl } from "../../ui/galaxies/collecting.js"
import { fillSelect } from "../../ui/galaxies/picking.js"
import { API } from "../../ui/kit/api.js"
import { el, renew } from "../../ui/kit/dom.js"
import { change } from "./galaxy_search.js"
import { queryOf, requestOf } from "./net.js"
import { boundField, buildRowFilters, showRowFilters } from "./row_filters.js"
import { datasetNow, spaceOf } from "./space.js"

export function buildFilters(state) {
  state.sizes = el("select", { "aria-label": "Number of results" })
  state.sizes.onchange = () => change(state, { k: Number(state.sizes.value) })
  state.tileSize = el("input", { type: "range", min: 64, max: 256, step: 8, "aria-label": "Image size" })
  state.tileSize.oninput = () => change(state, { tile: Number(state.tileSize.value) })
  state.orders = [["most", false], ["least", true]].map(([word, least]) => el("button", { class: "narrow", title: `${word === "most" ? "Most" : "Least"} similar first`, onClick: () => change(state, { least }) }, `${word === "most" ? "Most" : "Least"} similar`))
  state.taking = el("span", { class: "group" })
  return el("div", { class: "bar filters" },
    el("div", { class: "group" }, state.sizes, state.tileSize), el("div", { class: "group", role: "group", "aria-label": "Order" }, state.orders),
    buildFold(state), state.taking, (state.collect = collectControl(() => ({ dataset: state.result.dataset, rows: rowsToCollect(state) }))))
}

function buildFold(state) {
  const rows = buildRowFilters(state)
  state.bounds.near = boundField(state, "near", "Minimum separation, arcsec", 5)
  state.withTrivial = el("input", { type: "checkbox" })
  state.withTrivial.onchange = () => change(state, { trivial: state.withTrivial.checked })
  state.foldName = el("summary", {}, "Filters")
  return el("details", {}, state.foldName, el("div", { class: "fold" }, rows, state.bounds.near.node,
    el("label", { class: "check", title: "Galaxies of the same source or within the minimum separation, and near-identical images" }, state.withTrivial, "Include repeats of the query")))
}

export function showFilters(state) {
  const { view, data: { sizes } } = state
  const of = datasetNow(state)
  const many = sizes.includes(view.k) ? sizes : [...sizes, view.k].sort((a, b) => a - b)
  fillSelect(state.sizes, many.map((k) => [String(k), `${k} galaxies`]), String(view.k))
  state.tileSize.value = view.tile
  state.root.style.setProperty("--tile", `${view.tile}px`)
  state.orders.forEach((button, place) => button.setAttribute("aria-pressed", view.least === Boolean(place)))
  showRowFilters(state)
  state.bounds.near.node.hidden = !of?.with_sky
  state.withTrivial.checked = view.trivial
  showTaking(state)
}

/** The rows of the query and the results. */
function rowsToCollect({ result }) {
  return [...(result.query ? [result.query.galaxy.row] : []), ...result.neighbours.map(({ galaxy }) => galaxy.row)]
}

/** Links to files of the results and of all embeddings. */
export function showTaking(state) {
  const request = requestOf(state)
  state.collect.hidden = !request || !state.result
  if (!request) return state.taking.replaceChildren()
  const space = new URLSearchParams(spaceOf(state))
  const file = (address, word, title) => el("a", { href: API + address, download: "", title }, word)
  renew(state.taking,
    file(`/search.csv?${queryOf(request)}`, "CSV", "These results, with RA, Dec, similarity, class and links"),
    file(`/search.parquet?${queryOf(request)}`, "Parquet", "These results, with RA, Dec, similarity, class and links"),
    file(`/embeddings.parquet?${space}`, "All embeddings", "The vectors of all galaxies by source id, as Parquet"),
    file(`/embeddings.npy?${space}`, ".npy", "The vectors of all galaxies by source id, as a NumPy record array"))
}
