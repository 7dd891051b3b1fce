// The three maps of one layer: attention, patch features as colours, and similarity.

import { viridisAt, VIRIDIS_RAMP } from "../../ui/charts/colour_maps.js"
import { el } from "../../ui/kit/dom.js"
import { clamp, percent } from "../../ui/kit/format.js"
import { penOf } from "./draw.js"
import { queryByKey, setQuery } from "./inside.js"
import { patchUnder } from "./maths.js"

/** @import { LayerView } from "../../api/contract.d.ts" */
/** @import { Rgb } from "../../ui/charts/colour_maps.js" */
/** @import { Exact, Inside, InsideMap, InsideRequest, MapName, State, View } from "./state.d.ts" */

const MAPS = { attention: "Attention", pca: "PCA of patch features", similarity: "Similarity" }
const VIRIDIS = Array.from({ length: 256 }, (_, level) => viridisAt(level / 255))
const OVERLAY = 0.6

/** @param {State} state */
export function buildMaps(state) {
  const maps = (state.inside.maps = { attention: buildMap(state, "attention"), pca: buildMap(state, "pca"), similarity: buildMap(state, "similarity") })
  return el("div", { class: "maps" }, Object.values(maps).map(({ box }) => box))
}

/** A click or arrow keys set the query patch. @param {State} state @param {MapName} name @returns {InsideMap} */
function buildMap(state, name) {
  const canvas = el("canvas", { width: 1, height: 1, role: "img", tabindex: 0, "aria-label": MAPS[name], "data-map": name })
  const mark = el("i", { class: "cursor", hidden: true })
  const under = el("span", { class: "note" })
  const legend = el("div", { class: "legend gx-soft" })
  const box = el("figure", { class: "panel" }, el("figcaption", {}, MAPS[name], under), el("div", { class: "frame" }, canvas, mark), legend)
  canvas.onclick = (event) => setQuery(state, mapPatchAt(state, event))
  canvas.onkeydown = (event) => queryByKey(state, event)
  canvas.onpointermove = (event) => showPatchValues(state, mapPatchAt(state, event))
  canvas.onpointerleave = () => showPatchValues(state, null)
  return { box, canvas, mark, under, legend, pen: penOf(canvas) }
}

/** @param {State} state @param {MouseEvent} event */
function mapPatchAt({ inside: { shown } }, event) {
  if (!shown) return null
  const n = gridOf(shown.result)
  const [row, column] = patchUnder(event, /** @type {Element} */ (event.currentTarget).getBoundingClientRect(), n)
  return row * n + column
}

/** @param {number} value */
const cosine = (value) => value.toFixed(2).replace("-", "−")
/** @param {{ patches: number }} result */
export const gridOf = ({ patches }) => Math.round(Math.sqrt(patches))
/** @param {number} patch @param {number} n */
export const placeOf = (patch, n) => `row ${Math.floor(patch / n) + 1}, column ${patch % n + 1}`

/** The attention of the selected head, or the mean if it does not exist. @param {State} state @param {LayerView} result */
function attentionOf({ view }, result) {
  const head = headOf(view, result)
  return head === null
    ? { values: result.mean_attention, cls: result.mean_attention_to_cls, words: `mean of ${result.heads} heads` }
    : { values: result.attention[head - 1], cls: result.attention_to_cls[head - 1], words: `head ${head}` }
}

/** @param {View} view @param {LayerView} result */
export function headOf({ head }, { heads }) {
  return head !== null && head <= heads ? head : null
}

/** @param {number} low @param {number} high */
const viridisOf = (low, high) => (/** @type {number} */ value) => VIRIDIS[Math.round(255 * clamp((value - low) / (high - low || 1), 0, 1))]

/** @param {State} state */
export function drawMaps(state) {
  const { inside, inside: { shown, maps } } = state
  if (!shown) return
  const { result } = shown
  const attention = attentionOf(state, result).values
  const { similarity } = result
  inside.under = state.view.overlay ? galaxyUnder(state) : null
  paintMap(inside, result, maps.attention, attention.map(viridisOf(0, Math.max(...attention))))
  paintMap(inside, result, maps.pca, result.pca.map((colour) => colour.map((value) => Math.round(255 * value))))
  paintMap(inside, result, maps.similarity, similarity.map(viridisOf(Math.min(...similarity), Math.max(...similarity))))
}

/** One pixel per patch, enlarged, optionally over the galaxy.
 * @param {Inside} inside
 * @param {LayerView} result
 * @param {InsideMap} map
 * @param {Rgb[]} colours
 */
function paintMap({ cells, under }, result, { canvas, pen }, colours) {
  const n = gridOf(result)
  if (cells.canvas.width !== n) cells.canvas.width = cells.canvas.height = n
  const pixels = cells.pen.createImageData(n, n)
  colours.forEach((colour, i) => pixels.data.set([...colour, 255], 4 * i))
  cells.pen.putImageData(pixels, 0, 0)
  if (canvas.width !== result.img_size) canvas.width = canvas.height = result.img_size
  pen.imageSmoothingEnabled = false
  pen.globalAlpha = 1
  if (under) pen.drawImage(under, 0, 0, canvas.width, canvas.width)
  if (under) pen.globalAlpha = OVERLAY
  pen.drawImage(cells.canvas, 0, 0, canvas.width, canvas.width)
}

/** The image of the inspected galaxy, if the panels above have loaded it. @param {State} state */
export function galaxyUnder({ sides: { a: { exact } }, inside: { shown } }) {
  if (!exact || !shown) return null
  const galaxy = (/** @type {Exact["request"] | InsideRequest} */ { viewed: { dataset, row, upload } }) => JSON.stringify([dataset, row, upload])
  return galaxy(exact.request) === galaxy(shown.request) ? exact.pictures.original : null
}

/** Legends and aria-labels of the maps. @param {State} state */
export function nameMaps(state) {
  const { maps, shown } = state.inside
  if (!shown) return
  const { result } = shown
  const { values, cls, words } = attentionOf(state, result)
  const { similarity, explained, layer, layers } = result
  const from = result.patch === null ? "the class token" : `the patch in ${placeOf(result.patch, gridOf(result))}`
  const keys = "Arrow keys choose the query patch."
  const name = (/** @type {MapName} */ map, /** @type {string} */ text) => maps[map].canvas.setAttribute("aria-label", `${text} ${keys}`)
  const most = Math.max(...values)
  fillLegend(maps.attention, "0", percent(most), `class token ${percent(cls)}`, "The attention to the class token; with all patches it adds up to 100 %")
  name("attention", `Attention of ${from} in layer ${layer} of ${layers}, ${words}: 0 to ${percent(most)} a patch, most in ${placeOf(values.indexOf(most), gridOf(result))}.`)
  const [low, high] = [Math.min(...similarity), Math.max(...similarity)].map(cosine)
  fillLegend(maps.similarity, low, high, "cosine", "Cosine of the features after this layer")
  name("similarity", `Similarity of every patch to ${from} after layer ${layer}: cosines of ${low} to ${high}.`)
  const shares = explained.map((share, i) => `${["red", "green", "blue"][i]} ${percent(share)}`)
  maps.pca.legend.replaceChildren(...shares.map((share, i) => el("span", { class: `share share-${i}` }, share)), el("span", {}, "of the variance"))
  name("pca", `The first three principal components of the patch features after layer ${layer} as colours: ${shares.join(", ")} of the variance.`)
}

/** @param {InsideMap} map @param {string} low @param {string} high @param {string} words @param {string} title */
function fillLegend({ legend }, low, high, words, title) {
  legend.replaceChildren(el("span", {}, low), el("i", { class: "scale", style: VIRIDIS_RAMP }), el("span", {}, high), el("span", { class: "also", title }, words))
}

/** Shows the values of one patch next to the titles of the maps. @param {State} state @param {number | null} patch */
function showPatchValues(state, patch) {
  const { shown, maps } = state.inside
  if (!shown) return
  const { result } = shown
  const write = (/** @type {MapName} */ map, /** @type {string} */ words) => { maps[map].under.textContent = words }
  const at = patch === null ? "" : placeOf(patch, gridOf(result))
  write("attention", patch === null ? "" : `${at}: ${percent(attentionOf(state, result).values[patch])}`)
  write("similarity", patch === null ? "" : `${at}: ${cosine(result.similarity[patch])}`)
  write("pca", at)
}
