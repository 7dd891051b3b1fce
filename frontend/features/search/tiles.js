// The results: a click on an image makes it the query; + and − make it an example.

import { galaxyLine, galaxyPicture, moveAmong, nameOfGalaxy } from "../../ui/galaxies/galaxy_dialog.js"
import { skyLinks } from "../../ui/galaxies/sky_links.js"
import { el, renew, svgShape } from "../../ui/kit/dom.js"
import { grouped } from "../../ui/kit/format.js"
import { showHalves, TWO_RINGS } from "./compare.js"
import { showTaking } from "./filters.js"
import { change, example, pivot } from "./galaxy_search.js"
import { datasetNow } from "./space.js"

/** @import { Neighbour, SearchResult } from "../../api/contract.d.ts" */
/** @import { DatasetOption, SearchState } from "./state.d.ts" */

/** @param {SearchState} state */
export function buildTiles(state) {
  const tiles = el("div", { class: "tiles", role: "group", "aria-label": "Similar galaxies. Arrow keys move, Enter searches, plus and minus add an example." })
  tiles.onkeydown = (event) => onTileKey(state, event, tiles)
  for (const name of ["mouseover", "focusin"]) tiles.addEventListener(name, (event) => ringRow(state, tileUnder(event)))
  for (const name of ["mouseleave", "focusout"]) tiles.addEventListener(name, () => ringRow(state, null))
  return tiles
}

/** @param {Event} event */
const tileUnder = (event) => (event.target instanceof Element ? event.target.closest(".tile") : null)
/** @param {Element | null} tile */
const shotOf = (tile) => tile?.querySelector("button") ?? null
/** @param {Element | null} tile */
const rowOf = (tile) => shotOf(tile)?.dataset.row

/** @param {SearchState} state */
export function drawTiles(state) {
  const [first, second] = state.halves
  drawGrid(state, first.tiles, state.result, state.second)
  drawGrid(state, second.tiles, state.second, state.result)
  state.root.dataset.shown = state.shown ?? ""
  state.collect.forget()
  showTaking(state)
  showSays(state)
  showHalves(state)
}

/** The results of one encoder, marking those also found by the `other`.
 * @param {SearchState} state
 * @param {HTMLElement} tiles
 * @param {SearchResult | null} result
 * @param {SearchResult | null} other
 */
export function drawGrid(state, tiles, result, other) {
  const held = tiles.matches(":focus-within")
  const there = new Map((other?.neighbours ?? []).map(({ galaxy }, place) => [galaxy.row, place + 1]))
  const of = datasetNow(state), found = (of && result?.neighbours) ?? []
  tiles.replaceChildren(...found.map((one, place) => tileOf(state, /** @type {DatasetOption} */ (of), one, place, there.get(one.galaxy.row))))
  if (held) shotOf(tiles)?.focus()
}

/**
 * @param {SearchState} state
 * @param {DatasetOption} of
 * @param {Neighbour} neighbour
 * @param {number} place
 * @param {number | undefined} there
 */
function tileOf(state, of, { galaxy, similarity, links }, place, there) {
  const also = there ? `, in both results, rank ${there} in the other` : ""
  const words = `${nameOfGalaxy(galaxy)}, similarity ${similarity.toFixed(3)}${also}`
  const shot = el("button", { class: "shot", tabindex: place ? -1 : 0, "data-row": galaxy.row, "aria-label": words,
    title: galaxyLine(galaxy) + also }, galaxyPicture(of, galaxy.row, 256, words))
  shot.onclick = () => pivot(state, galaxy.row)
  return el("div", { class: "tile", "data-both": there }, shot,
    there ? el("span", { class: "twin", "aria-hidden": true }, svgShape("ring", TWO_RINGS), `both · #${there}`) : null,
    el("div", { class: "caption" }, el("b", {}, similarity.toFixed(3)),
      signButton(state, galaxy.row, "plus", "+", "More like this"), signButton(state, galaxy.row, "minus", "−", "Less like this")),
    el("div", { class: "label" }, galaxy.label ?? (of.class_names.length ? "no label" : galaxy.source_id)),
    links ? el("div", { class: "links" }, skyLinks(links)) : null)
}

/** @param {SearchState} state @param {number} row @param {"plus" | "minus"} kind @param {string} sign @param {string} title */
function signButton(state, row, kind, sign, title) {
  return el("button", { class: `sign ${kind}`, tabindex: -1, title, "aria-label": `${title}: galaxy ${row}`, onClick: () => example(state, row, kind) }, sign)
}

/** Marks the hovered galaxy in both grids, if both found it. @param {SearchState} state @param {Element | null} tile */
function ringRow(state, tile) {
  const row = tile?.hasAttribute("data-both") ? rowOf(tile) : null
  for (const { tiles } of state.halves) {
    for (const one of tiles.children) one.classList.toggle("ringed", rowOf(one) === row)
  }
}

/** @param {SearchState} state @param {KeyboardEvent} event @param {HTMLElement} grid */
function onTileKey(state, event, grid) {
  const row = rowOf(tileUnder(event))
  if (row && event.key === "+") example(state, Number(row), "plus")
  else if (row && event.key === "-") example(state, Number(row), "minus")
  else moveAmong(grid, event)
}

/** Whether an approximate index was used, its recall, and a button to switch. @param {SearchState} state @param {SearchResult} result */
function howFound(state, { approximate }) {
  if (!approximate && !state.view.exact) return null
  const share = (100 * (approximate?.recall ?? 1)).toFixed(1)
  return [approximate ? ` · approximate index with ${share} % recall at ${approximate.k} (measured on ${approximate.queries} galaxies) ` : " · exact search ",
    el("button", { class: "narrow", "data-exact": String(Boolean(approximate)), onClick: () => change(state, { exact: Boolean(approximate) }) }, approximate ? "Search exactly" : "Use the index")]
}

/** Such as `2 repeats of the query left out: 1237, 1238`. @param {SearchResult} result */
function leftOut({ left_out: n, left_out_ids: ids }) {
  return `${grouped(n)} ${n === 1 ? "repeat" : "repeats"} of the query left out: ${ids.join(", ")}${n > ids.length ? ", …" : ""}`
}

/** The number of results, what was left out, and errors. @param {SearchState} state */
export function showSays(state) {
  const { result, problem, message, far } = state
  const several = state.view.plus.length + state.view.minus.length > 0
  const counted = result ? [
    `${grouped(result.neighbours.length)} of ${grouped(result.candidates)} galaxies of ${result.dataset}, ${state.view.least ? "least" : "most"} similar first`,
    result.left_out ? leftOut(result) : null,
    several ? "score: mean cosine to positive examples − ½ mean cosine to negative ones" : null,
    `${result.milliseconds.toFixed(1)} ms`].filter(Boolean).join(" · ") : ""
  renew(state.says,
    problem ? el("p", { class: "gx-tone-bad", role: "alert" }, problem) : null,
    message ? el("p", { class: far ? "gx-tone-warn" : "gx-soft", role: "status" }, message) : null,
    counted && result && state.data.state?.ready ? el("p", { class: "gx-soft counted" }, counted, howFound(state, result)) : null,
    result && !result.neighbours.length ? el("p", {}, "No galaxies match these filters; remove one of them.") : null)
}
