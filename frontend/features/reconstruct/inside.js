// Inspecting the encoder on the unmasked galaxy: layer, attention head and query patch.

import { fillSelect, latestWins } from "../../ui/galaxies/picking.js"
import { ask, Refused } from "../../ui/kit/api.js"
import { el } from "../../ui/kit/dom.js"
import { sentence } from "../../ui/kit/format.js"
import { cellCanvas } from "./draw.js"
import { buildMaps, drawMaps, galaxyUnder, gridOf, headOf, nameMaps, placeOf } from "./inside_maps.js"
import { reportSoon } from "./mask_scrubber.js"
import { KEPT_RESULTS, LOST, REST_MS, RETRY_MS, viewedBy } from "./net.js"
import { PATCH_STEPS } from "./paint.js"

const HOW_INSIDE = [
  ["No mask.", "The encoder sees all patches, as when its features are used. The mask ratio above has no effect here."],
  ["Attention", "is the weight the query token gives to each token in this layer; patches and class token add up to 100 %. "
    + "Each attention head has its own weights."],
  ["PCA", "shows the first three principal components of the patch features after this layer as red, green and blue: patches of similar "
    + "colour have similar features. Each component spans its 1st to 99th percentile; its sign makes the patch farthest from the mean bright."],
  ["Similarity", "is the cosine between the features of each patch and of the query token, after this layer and the final norm."],
]

export function buildInside(state) {
  const inside = (state.inside = { kept: new Map(), shown: null, under: null, problem: null, cells: cellCanvas() })
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

function layerField(state) {
  const { inside } = state
  const step = (change, sign, words) => el("button", { class: "narrow", "aria-label": words, title: words, onClick: () => setLayer(state, layerNow(state) + change) }, sign)
  inside.layer = el("input", { type: "range", min: 1, max: 1, step: 1, "aria-label": "Layer" })
  inside.layer.oninput = () => setLayer(state, Number(inside.layer.value))
  inside.layerWords = el("output", { class: "gx-soft" })
  inside.before = step(-1, "‹", "Previous layer")
  inside.after = step(1, "›", "Next layer")
  return el("div", { class: "group walk" }, el("span", { class: "gx-soft" }, "Layer"), inside.before, inside.layer, inside.after, inside.layerWords)
}

function headField(state) {
  const { inside } = state
  inside.head = el("select", { "aria-label": "Attention head" })
  inside.head.onchange = () => setInside(state, { head: Number(inside.head.value) || null })
  return el("div", { class: "group" }, el("span", { class: "gx-soft" }, "Attention"), inside.head)
}

function overlayField(state) {
  const { inside } = state
  inside.overlay = el("input", { type: "checkbox" })
  inside.overlay.onchange = () => setInside(state, { overlay: inside.overlay.checked })
  return el("label", { class: "lock" }, inside.overlay, "Overlay on galaxy")
}

function queryField(state) {
  const { inside } = state
  inside.cls = el("button", { title: "Use the class token, which represents the whole galaxy, as the query", onClick: () => setQuery(state, null) }, "Class token")
  inside.queryText = el("output", { class: "gx-soft" })
  return el("div", { class: "group" }, el("span", { class: "gx-soft" }, "Query"), inside.cls, inside.queryText)
}

/** Applies a change; followInside requests what is missing. */
function setInside(state, change) {
  Object.assign(state.view, change)
  followInside(state, 0)
  reportSoon(state)
}

function setLayer(state, layer) {
  setInside(state, { inside: Math.min(Math.max(layer, 1), Number(state.inside.layer.max)) })
}

function layerNow({ view, inside: { shown } }) {
  return view.inside || shown?.result.layers || 1
}

/** Sets the query patch; null is the class token. */
export function setQuery(state, patch) {
  if (state.inside.shown) setInside(state, { patch })
}

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
  const inside = (value) => Math.min(Math.max(value, 0), n - 1)
  const [down, right] = step ?? [0, 0]
  setQuery(state, inside(Math.floor(patch / n) + down) * n + inside(patch % n + right))
}

function insideRequest(state) {
  const viewed = state.view.inside === null ? null : viewedBy(state, state.sides.a)
  return viewed && { viewed, layer: state.view.inside || null, patch: state.view.patch }
}

/** Requests changed maps after `wait` ms; nothing while the section is closed. */
export function followInside(state, wait = REST_MS) {
  const { inside, view } = state
  const key = JSON.stringify(insideRequest(state))
  if (key !== inside.key) {
    Object.assign(inside, { key, problem: null })
    clearTimeout(inside.timer)
    inside.timer = setTimeout(() => state.queueInside(), inside.shown ? wait : 0)
  }
  const drawn = JSON.stringify([key, view.inside, view.head, view.patch, view.overlay, view.against !== null])
  if (drawn !== inside.drawn) showInside(state)
  else if (inside.shown && view.inside !== null && view.overlay && inside.under !== galaxyUnder(state)) drawMaps(state)
  inside.drawn = drawn
}

export function leaveInside({ inside }) {
  clearTimeout(inside.timer)
  inside.key = null
}

async function fetchInside(state) {
  const { inside } = state
  const request = insideRequest(state)
  if (!request || state.left) return
  const key = JSON.stringify(request)
  try {
    const result = inside.kept.get(key) ?? await ask(`/reconstructions/inside?query=${encodeURIComponent(key)}`)
    inside.kept.set(key, result)
    if (inside.kept.size > KEPT_RESULTS) inside.kept.delete(inside.kept.keys().next().value)
    inside.shown = { key, request, result }
    if (inside.problem === LOST) inside.problem = null
  } catch (problem) {
    if (key === inside.key) refuseInside(state, problem)
  }
  if (!state.left) showInside(state)
}

const INSTEAD = {
  no_such_layer: { change: { inside: 0 }, words: "Showing the last layer." },
  no_such_patch: { change: { patch: null }, words: "Using the class token as the query." },
}

function refuseInside(state, problem) {
  const { inside } = state
  if (!(problem instanceof Refused)) {
    if (!(problem instanceof TypeError)) throw problem
    inside.timer = setTimeout(() => state.queueInside(), RETRY_MS)
  }
  const other = INSTEAD[problem.code] // the model is smaller than the previous one
  if (other) setInside(state, other.change)
  inside.problem = problem instanceof Refused ? [sentence(problem.message), other?.words].filter(Boolean).join(" ") : LOST
}

/** Draws the section with the last maps, dimmed if they are outdated. */
function showInside(state) {
  const { inside, view } = state
  const open = view.inside !== null
  inside.body.hidden = !open
  inside.button.setAttribute("aria-expanded", open)
  inside.what.textContent = !open ? "Attention, features and similarity of the patches"
    : view.against === null ? "All patches are visible here." : "All patches are visible here. Shows model A only."
  if (!open) return
  inside.root.dataset.fits = inside.shown?.key === inside.key
  inside.alert.textContent = inside.problem ?? ""
  if (inside.shown) {
    drawMaps(state)
    nameMaps(state)
    inside.note.textContent = inside.shown.result.note
  }
  inside.root.classList.toggle("empty", !inside.shown)
  showInsideControls(state)
}

function showInsideControls(state) {
  const { inside, view } = state
  const result = inside.shown?.result ?? null
  const layer = layerNow(state)
  const most = Math.max(result?.layers ?? 0, view.inside)
  inside.layer.max = most || 1
  inside.layer.value = layer
  inside.before.disabled = layer <= 1
  inside.after.disabled = layer >= most
  inside.layerWords.textContent = result ? `${layer} of ${result.layers}` : ""
  inside.layer.setAttribute("aria-valuetext", inside.layerWords.textContent)
  const heads = Array.from({ length: result?.heads ?? 0 }, (_, i) => [String(i + 1), `head ${i + 1}`])
  fillSelect(inside.head, [["", "mean of heads"], ...heads], result ? headOf(view, result) ?? "" : "")
  inside.overlay.checked = view.overlay
  inside.cls.setAttribute("aria-pressed", view.patch === null)
  const n = result ? gridOf(result) : 0
  inside.queryText.classList.toggle("gx-soft", view.patch === null)
  inside.queryText.textContent = view.patch === null ? "or click a patch" : n ? `patch ${placeOf(view.patch, n)}` : ""
  for (const { mark } of Object.values(inside.maps)) placeMark(mark, view.patch, n)
}

function placeMark(mark, patch, n) {
  mark.hidden = patch === null || patch >= n * n
  const share = 100 / (n || 1)
  if (!mark.hidden) mark.style.cssText = `left:${patch % n * share}%;top:${Math.floor(patch / n) * share}%;width:${share}%;height:${share}%`
}
