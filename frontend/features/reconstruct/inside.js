// Inspecting the encoder on the unmasked galaxy: layer, attention head and query patch.

import { fillSelect, latestWins } from "../../ui/galaxies/picking.js"
import { get, Refused } from "../../ui/kit/api.js"
import { keepNewest } from "../../ui/kit/cache.js"
import { el } from "../../ui/kit/dom.js"
import { clamp } from "../../ui/kit/format.js"
import { LOST_SERVER, problemWords } from "../../ui/kit/problems.js"
import { cellCanvas } from "./draw.js"
import { buildMaps, drawMaps, galaxyUnder, gridOf, headOf, nameMaps, placeOf } from "./inside_maps.js"
import { reportSoon } from "./mask_scrubber.js"
import { PATCH_STEPS, stepPatch } from "./maths.js"
import { KEPT_RESULTS, REST_MS, RETRY_MS, viewedBy } from "./net.js"

/** @import { Inside, InsideRequest, State, View } from "./state.d.ts" */

const HOW_INSIDE = [
  ["No mask.", "The encoder sees all patches, as when its features are used. The mask ratio above has no effect here."],
  ["Attention", "is the weight the query token gives to each token in this layer; patches and class token add up to 100 %. "
    + "Each attention head has its own weights."],
  ["PCA", "shows the first three principal components of the patch features after this layer as red, green and blue: patches of similar "
    + "colour have similar features. Each component spans its 1st to 99th percentile; its sign makes the patch farthest from the mean bright."],
  ["Similarity", "is the cosine between the features of each patch and of the query token, after this layer and the final norm."],
]

/** @param {State} state */
export function buildInside(state) {
  const inside = (state.inside = /** @type {Inside} */ ({ kept: new Map(), shown: null, under: null, problem: null, cells: cellCanvas() }))
  state.queueInside = latestWins(() => fetchInside(state))
  inside.button = el("button", { class: "fold", "aria-expanded": "false", onClick: () => setInside(state, { inside: state.view.inside === null ? 0 : null }) }, "Look inside")
  inside.what = el("span", { class: "gx-soft" })
  inside.alert = el("p", { class: "gx-tone-bad", role: "alert" })
  inside.note = el("p", { class: "gx-soft" })
  inside.body = el("div", { class: "inside-body", hidden: true },
    el("div", { class: "bar" }, layerField(state), headField(state), queryField(state), overlayField(state)), inside.alert, buildMaps(state), inside.note,
    el("details", {}, el("summary", {}, "How this works"), HOW_INSIDE.map(([name, words]) => el("p", {}, el("b", {}, name), ` ${words}`))))
  inside.root = el("section", { class: "inside", "aria-label": "Inside the encoder" }, el("div", { class: "group" }, inside.button, inside.what), inside.body)
  return inside.root
}

/** @param {State} state */
function layerField(state) {
  const { inside } = state
  const step = (/** @type {number} */ change, /** @type {string} */ sign, /** @type {string} */ words) =>
    el("button", { class: "narrow", "aria-label": words, title: words, onClick: () => setLayer(state, layerNow(state) + change) }, sign)
  inside.layer = el("input", { type: "range", min: 1, max: 1, step: 1, "aria-label": "Layer" })
  inside.layer.oninput = () => setLayer(state, Number(inside.layer.value))
  inside.layerWords = el("output", { class: "gx-soft" })
  inside.before = step(-1, "‹", "Previous layer")
  inside.after = step(1, "›", "Next layer")
  return el("div", { class: "group walk" }, el("span", { class: "gx-soft" }, "Layer"), inside.before, inside.layer, inside.after, inside.layerWords)
}

/** @param {State} state */
function headField(state) {
  const { inside } = state
  inside.head = el("select", { "aria-label": "Attention head" })
  inside.head.onchange = () => setInside(state, { head: Number(inside.head.value) || null })
  return el("div", { class: "group" }, el("span", { class: "gx-soft" }, "Attention"), inside.head)
}

/** @param {State} state */
function overlayField(state) {
  const { inside } = state
  inside.overlay = el("input", { type: "checkbox" })
  inside.overlay.onchange = () => setInside(state, { overlay: inside.overlay.checked })
  return el("label", { class: "lock" }, inside.overlay, "Overlay on galaxy")
}

/** @param {State} state */
function queryField(state) {
  const { inside } = state
  inside.cls = el("button", { title: "Use the class token, which represents the whole galaxy, as the query", onClick: () => setQuery(state, null) }, "Class token")
  inside.queryText = el("output", { class: "gx-soft" })
  return el("div", { class: "group" }, el("span", { class: "gx-soft" }, "Query"), inside.cls, inside.queryText)
}

/** Applies a change; followInside requests what is missing. @param {State} state @param {Partial<View>} change */
function setInside(state, change) {
  Object.assign(state.view, change)
  followInside(state, 0)
  reportSoon(state)
}

/** @param {State} state @param {number} layer */
function setLayer(state, layer) {
  setInside(state, { inside: clamp(layer, 1, Number(state.inside.layer.max)) })
}

/** @param {State} state */
function layerNow({ view, inside: { shown } }) {
  return view.inside || shown?.result.layers || 1
}

/** Sets the query patch; null is the class token. @param {State} state @param {number | null} patch */
export function setQuery(state, patch) {
  if (state.inside.shown) setInside(state, { patch })
}

/** @param {State} state @param {KeyboardEvent} event */
export function queryByKey(state, event) {
  const { shown } = state.inside
  const step = PATCH_STEPS[event.key]
  if (!shown || !(step || ["Enter", " ", "Escape"].includes(event.key))) return
  event.preventDefault()
  event.stopPropagation()
  if (event.key === "Escape") return setQuery(state, null)
  const n = gridOf(shown.result)
  const { patch } = state.view
  if (patch === null || patch >= shown.result.patches) return setQuery(state, (n >> 1) * n + (n >> 1))
  const [row, column] = stepPatch([Math.floor(patch / n), patch % n], step ?? [0, 0], n)
  setQuery(state, row * n + column)
}

/** @param {State} state @returns {InsideRequest | null} */
function insideRequest(state) {
  const viewed = state.view.inside === null ? null : viewedBy(state, state.sides.a)
  return viewed && { viewed, layer: state.view.inside || null, patch: state.view.patch }
}

/** Requests changed maps after `wait` ms; nothing while the section is closed. @param {State} state */
export function followInside(state, wait = REST_MS) {
  const { inside, view } = state
  const key = JSON.stringify(insideRequest(state))
  if (key !== inside.key) {
    Object.assign(inside, { key, problem: null })
    clearTimeout(inside.timer)
    inside.timer = window.setTimeout(() => state.queueInside(), inside.shown ? wait : 0)
  }
  const drawn = JSON.stringify([key, view.inside, view.head, view.patch, view.overlay, view.against !== null])
  if (drawn !== inside.drawn) showInside(state)
  else if (inside.shown && view.inside !== null && view.overlay && inside.under !== galaxyUnder(state)) drawMaps(state)
  inside.drawn = drawn
}

/** @param {Pick<State, "inside">} state */
export function leaveInside({ inside }) {
  clearTimeout(inside.timer)
  inside.key = null
}

/** @param {State} state */
async function fetchInside(state) {
  const { inside } = state
  const request = insideRequest(state)
  if (!request || state.left) return
  const key = JSON.stringify(request)
  try {
    const result = inside.kept.get(key) ?? await get("/reconstructions/inside", { query: key })
    keepNewest(inside.kept, key, result, KEPT_RESULTS)
    inside.shown = { key, request, result }
    if (inside.problem === LOST_SERVER) inside.problem = null
  } catch (problem) {
    if (key === inside.key) refuseInside(state, problem)
  }
  if (!state.left) showInside(state)
}

/** @type {Record<string, { change: Partial<View>, words: string }>} */
const INSTEAD = {
  no_such_layer: { change: { inside: 0 }, words: "Showing the last layer." },
  no_such_patch: { change: { patch: null }, words: "Using the class token as the query." },
}

/** @param {State} state @param {unknown} problem */
function refuseInside(state, problem) {
  const { inside } = state
  const words = problemWords(problem)
  if (words === LOST_SERVER) inside.timer = window.setTimeout(() => state.queueInside(), RETRY_MS)
  const other = problem instanceof Refused ? INSTEAD[problem.code ?? ""] : undefined // the model is smaller than the previous one
  if (other) setInside(state, other.change)
  inside.problem = [words, other?.words].filter(Boolean).join(" ")
}

/** Draws the section with the last maps, dimmed if they are outdated. @param {State} state */
function showInside(state) {
  const { inside, view } = state
  const open = view.inside !== null
  inside.body.hidden = !open
  inside.button.setAttribute("aria-expanded", String(open))
  inside.what.textContent = !open ? "Attention, features and similarity of the patches"
    : view.against === null ? "All patches are visible here." : "All patches are visible here. Shows model A only."
  if (!open) return
  inside.root.dataset.fits = String(inside.shown?.key === inside.key)
  inside.alert.textContent = inside.problem ?? ""
  if (inside.shown) {
    drawMaps(state)
    nameMaps(state)
    inside.note.textContent = inside.shown.result.note
  }
  inside.root.classList.toggle("empty", !inside.shown)
  showInsideControls(state)
}

/** @param {State} state */
function showInsideControls(state) {
  const { inside, view } = state
  const result = inside.shown?.result ?? null
  const layer = layerNow(state)
  const most = Math.max(result?.layers ?? 0, view.inside ?? 0)
  inside.layer.max = String(most || 1)
  inside.layer.value = String(layer)
  inside.before.disabled = layer <= 1
  inside.after.disabled = layer >= most
  inside.layerWords.textContent = result ? `${layer} of ${result.layers}` : ""
  inside.layer.setAttribute("aria-valuetext", inside.layerWords.textContent)
  const heads = Array.from({ length: result?.heads ?? 0 }, (_, i) => [String(i + 1), `head ${i + 1}`])
  fillSelect(inside.head, [["", "mean of heads"], ...heads], String((result && headOf(view, result)) ?? ""))
  inside.overlay.checked = view.overlay
  inside.cls.setAttribute("aria-pressed", String(view.patch === null))
  const n = result ? gridOf(result) : 0
  inside.queryText.classList.toggle("gx-soft", view.patch === null)
  inside.queryText.textContent = view.patch === null ? "or click a patch" : n ? `patch ${placeOf(view.patch, n)}` : ""
  for (const { mark } of Object.values(inside.maps)) placeMark(mark, view.patch, n)
}

/** @param {HTMLElement} mark @param {number | null} patch @param {number} n */
function placeMark(mark, patch, n) {
  mark.hidden = patch === null || patch >= n * n
  const share = 100 / (n || 1)
  if (patch !== null) mark.style.cssText = `left:${patch % n * share}%;top:${Math.floor(patch / n) * share}%;width:${share}%;height:${share}%`
}
