// The three maps of one layer: attention, patch features as colours, and similarity.

import { el } from "../../ui/kit/dom.js"
import { percent } from "../../ui/kit/format.js"
import { queryByKey, setQuery } from "./inside.js"

const MAPS = { attention: "Attention", pca: "PCA of patch features", similarity: "Similarity" }
const VIRIDIS_STEPS = [
  [68, 1, 84], [72, 40, 120], [62, 73, 137], [49, 104, 142], [38, 130, 142],
  [31, 158, 137], [53, 183, 121], [110, 206, 88], [181, 222, 43], [253, 231, 37],
] // as in backend/ml/explore/drawing.py
const VIRIDIS = Array.from({ length: 256 }, (_, level) => viridisAt(level / 255))
const OVERLAY = 0.6

function viridisAt(share) {
  const place = share * (VIRIDIS_STEPS.length - 1)
  const before = Math.min(Math.floor(place), VIRIDIS_STEPS.length - 2)
  return VIRIDIS_STEPS[before].map((from, c) => Math.round(from + (place - before) * (VIRIDIS_STEPS[before + 1][c] - from)))
}

/** One frame per map; a click or arrow keys set the query patch. */
export function buildMaps(state) {
  const maps = Object.fromEntries(Object.entries(MAPS).map(([name, title]) => {
    const canvas = el("canvas", { width: 1, height: 1, role: "img", tabindex: 0, "aria-label": title, "data-map": name })
    const mark = el("i", { class: "cursor", hidden: true })
    const under = el("span", { class: "note" })
    const legend = el("div", { class: "legend gx-soft" })
    const box = el("figure", { class: "panel" }, el("figcaption", {}, title, under), el("div", { class: "frame" }, canvas, mark), legend)
    canvas.onclick = (event) => setQuery(state, mapPatchAt(state, event))
    canvas.onkeydown = (event) => queryByKey(state, event)
    canvas.onpointermove = (event) => showPatchValues(state, mapPatchAt(state, event))
    canvas.onpointerleave = () => showPatchValues(state, null)
    return [name, { box, canvas, mark, under, legend, pen: canvas.getContext("2d") }]
  }))
  state.inside.maps = maps
  return el("div", { class: "maps" }, Object.values(maps).map(({ box }) => box))
}

function mapPatchAt({ inside: { shown } }, event) {
  if (!shown) return null
  const n = gridOf(shown.result)
  const box = event.currentTarget.getBoundingClientRect()
  const place = (share) => Math.min(Math.max(Math.floor(n * share), 0), n - 1)
  return place((event.clientY - box.top) / box.height) * n + place((event.clientX - box.left) / box.width)
}

const cosine = (value) => value.toFixed(2).replace("-", "−")
export const gridOf = ({ patches }) => Math.round(Math.sqrt(patches))
export const placeOf = (patch, n) => `row ${Math.floor(patch / n) + 1}, column ${patch % n + 1}`

/** The attention of the selected head, or the mean if it does not exist. */
function attentionOf({ view }, result) {
  const head = headOf(view, result)
  return head === null
    ? { values: result.mean_attention, cls: result.mean_attention_to_cls, words: `mean of ${result.heads} heads` }
    : { values: result.attention[head - 1], cls: result.attention_to_cls[head - 1], words: `head ${head}` }
}

export function headOf({ head }, { heads }) {
  return head !== null && head <= heads ? head : null
}

const viridisOf = (low, high) => (value) => VIRIDIS[Math.round(255 * Math.min(Math.max((value - low) / (high - low || 1), 0), 1))]

export function drawMaps(state) {
  const { inside, inside: { shown: { result }, maps } } = state
  const attention = attentionOf(state, result).values
  const { similarity } = result
  inside.under = state.view.overlay ? galaxyUnder(state) : null
  paintMap(inside, maps.attention, attention.map(viridisOf(0, Math.max(...attention))))
  paintMap(inside, maps.pca, result.pca.map((colour) => colour.map((value) => Math.round(255 * value))))
  paintMap(inside, maps.similarity, similarity.map(viridisOf(Math.min(...similarity), Math.max(...similarity))))
}

/** One pixel per patch, enlarged, optionally over the galaxy. */
function paintMap({ cells, shown: { result }, under }, { canvas, pen }, colours) {
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

/** The image of the inspected galaxy, if the panels above have loaded it. */
export function galaxyUnder({ sides: { a: { exact } }, inside: { shown } }) {
  if (!exact || !shown) return null
  const galaxy = ({ viewed: { dataset, row, upload } }) => JSON.stringify([dataset, row, upload])
  return galaxy(exact.request) === galaxy(shown.request) ? exact.pictures.original : null
}

/** Legends and aria-labels of the maps. */
export function nameMaps(state) {
  const { maps, shown: { result } } = state.inside
  const { values, cls, words } = attentionOf(state, result)
  const { similarity, explained, layer, layers } = result
  const from = result.patch === null ? "the class token" : `the patch in ${placeOf(result.patch, gridOf(result))}`
  const keys = "Arrow keys choose the query patch."
  const name = (map, text) => maps[map].canvas.setAttribute("aria-label", `${text} ${keys}`)
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

const VIRIDIS_BAR = `background: linear-gradient(to right, ${VIRIDIS_STEPS.map((colour) => `rgb(${colour})`).join(", ")})`

function fillLegend({ legend }, low, high, words, title) {
  legend.replaceChildren(el("span", {}, low), el("i", { class: "scale", style: VIRIDIS_BAR }), el("span", {}, high), el("span", { class: "also", title }, words))
}

/** Shows the values of one patch next to the titles of the maps. */
function showPatchValues(state, patch) {
  const { shown, maps } = state.inside
  if (!shown) return
  const { result } = shown
  const at = patch === null ? "" : placeOf(patch, gridOf(result))
  maps.attention.under.textContent = at && `${at}: ${percent(attentionOf(state, result).values[patch])}`
  maps.similarity.under.textContent = at && `${at}: ${cosine(result.similarity[patch])}`
  maps.pca.under.textContent = at
}
