// Mask and pixel controls, and the figures computed by the server.

import { fillSelect } from "../../ui/galaxies/picking.js"
import { el, putText, takeText } from "../../ui/kit/dom.js"
import { clamp, grouped, isNumber, percent, sentence } from "../../ui/kit/format.js"
import { KINDS, PIXEL_NOTE, PIXEL_WORDS, refreshScene, reportSoon } from "./mask_scrubber.js"
import { hiddenOf } from "./maths.js"
import { unlike } from "./models.js"
import { exactFits, keyOf, ladderFits, sidesOf, stepOf, viewedBy, wantExact } from "./net.js"
import { paintTools, setHidden } from "./paint.js"
import { showPick } from "./pick.js"
import { buildSave } from "./save.js"

/** @import { Children } from "../../ui/kit/dom.js" */
/** @import { Reconstruction } from "../../api/contract.d.ts" */
/** @import { Exact, PixelMode, SideName, State, View } from "./state.d.ts" */

/** @param {State} state */
export function buildControls(state) {
  state.kinds = KINDS.map((kind) => el("button", { "data-kind": kind, onClick: () => setMasking(state, { kind, hidden: null }) }, kind))
  state.paint = el("button", { "data-kind": "paint", title: "Click or drag over patches of the masked image", onClick: () => { if (state.mask) setHidden(state, hiddenOf(state.mask)) } }, "paint")
  state.seed = el("input", { type: "number", min: 0, max: 2 ** 31 - 1, class: "number", "aria-label": "Seed of the mask" })
  state.seed.onchange = () => { takeText(state.seed); setMasking(state, { seed: clamp(Math.round(Number(state.seed.value)) || 0, 0, 2 ** 31 - 1), hidden: null }) }
  state.lock = el("input", { type: "checkbox", checked: true })
  state.pixels = el("select", { "aria-label": "Pixels", title: PIXEL_NOTE })
  fillSelect(state.pixels, PIXEL_WORDS, "interpolated")
  state.pixels.onchange = () => setMasking(state, { pixels: /** @type {PixelMode} */ (state.pixels.value) })
  state.average = el("select", { "aria-label": "Average over masks", title: "Average the predictions over masks of consecutive seeds" })
  fillSelect(state.average, [1, 4, 8, 16, 32].map((n) => [String(n), n === 1 ? "one mask" : `mean of ${n} masks`]), "1")
  state.average.onchange = () => setMasking(state, { average: Number(state.average.value) })
  state.tools = paintTools(state)
  return el("div", { class: "controls" },
    field("Mask", el("div", { class: "kinds", role: "group", "aria-label": "Kind of mask" }, state.kinds, state.paint), state.tools),
    field("Seed", state.seed, el("button", { title: "Draw another mask of this kind", onClick: () => { redrawSeed(state); setMasking(state, { hidden: null }) } }, "Redraw"),
      el("label", { class: "lock", title: "Keep the mask when the galaxy changes" }, state.lock, "Keep for all galaxies"), state.average),
    field("Pixels", state.pixels),
    buildSave(state))
}

/** @param {string} name @param {...Children} nodes */
export function field(name, ...nodes) {
  return el("div", { class: "field" }, el("span", { class: "gx-soft name" }, name), el("div", { class: "group" }, ...nodes))
}

/** @param {State} state */
export function redrawSeed(state) {
  state.view.seed = Math.floor(Math.random() * 1e6)
}

/** @param {State} state @param {Partial<View>} change */
function setMasking(state, change) {
  Object.assign(state.view, change)
  refreshScene(state)
  showControls(state)
  wantExact(state, 0)
  reportSoon(state)
}

/** @param {State} state */
export function showControls(state) {
  const { kind, hidden, seed, pixels, average } = state.view
  for (const button of state.kinds) button.setAttribute("aria-pressed", String(hidden === null && button.dataset.kind === kind))
  state.paint.setAttribute("aria-pressed", String(hidden !== null))
  state.tools.hidden = hidden === null
  state.panels.masked.canvas.classList.toggle("painted", hidden !== null)
  putText(state.seed, seed)
  state.pixels.value = pixels
  state.average.value = String(average)
  showPick(state)
}

/** @param {number | null} value @param {number} n */
const decimals = (value, n) => (isNumber(value) ? value.toFixed(n) : "–")

/** The figures of the last exact result, marked stale if the mask has changed. @param {State} state */
export function showFigures(state) {
  const { a, b } = state.sides
  const fits = a.exact !== null && sidesOf(state).every((side) => exactFits(state, side))
  state.root.dataset.exact = String(fits)
  state.root.dataset.ladder = String(ladderFits(state, a))
  state.row.classList.toggle("waiting", !a.exact)
  state.row.classList.toggle("stale", !fits)
  state.row.classList.toggle("other", a.exact !== null && !fits && otherGalaxy(state))
  const key = JSON.stringify([a.exact?.result.milliseconds, keyOf(state, a.exact?.request ?? null), b?.exact && keyOf(state, b.exact.request)])
  if (key === state.figuresKey) return
  state.figuresKey = key
  state.figures.replaceChildren(...sidesOf(state).flatMap(({ name, exact }) => (exact ? [figureLine(name, exact, b !== null)] : [])))
  if (a.exact) nameCanvases(state, a.exact.result)
  showMessages(state)
}

/** @param {State} state */
function otherGalaxy(state) {
  const viewed = state.sides.a.exact?.request.viewed
  const wanted = viewedBy(state, state.sides.a)
  return viewed !== undefined && wanted !== null && (viewed.row !== wanted.row || viewed.dataset !== wanted.dataset || viewed.upload !== wanted.upload)
}

/** @param {SideName} name @param {Exact} exact @param {boolean} two */
function figureLine(name, { result, request }, two) {
  const figure = (/** @type {string} */ words, /** @type {string} */ value, unit = "", title = "") => el("span", { class: "figure", title: title || null }, el("span", { class: "gx-soft" }, words), el("b", {}, value), unit)
  return el("p", {}, two ? el("b", { class: `letter side-${name}` }, name.toUpperCase()) : null,
    el("span", { class: "figure" }, el("b", {}, `${result.visible} of ${result.patches}`), " patches visible"),
    figure("loss ", decimals(result.loss, 3), "", "Mean squared error of the hidden patches, as in training"),
    figure("PSNR ", decimals(result.psnr_db, 1), isNumber(result.psnr_db) ? " dB" : "", "Peak signal-to-noise ratio of the hidden patches, on the display scale"),
    figure("SSIM ", decimals(result.ssim, 2), "", "Structural similarity, mean over the hidden patches"),
    figure("seam ", decimals(result.seam, 2), "", "Mean step across patch borders relative to that inside patches; 1 means no visible seams"),
    figure("", `step ${grouped(result.step)}`), request.average > 1 ? figure("", `mean of ${request.average} masks`) : null)
}

/** @param {State} state @param {Reconstruction} result */
function nameCanvases({ panels }, { visible, patches, loss, error_max: most }) {
  panels.original.canvas.setAttribute("aria-label", "Original galaxy")
  panels.reconstruction.canvas.setAttribute("aria-label", `Prediction for all patches from ${visible} of ${patches} visible ones`)
  panels.composite.canvas.setAttribute("aria-label", `Visible patches of the original, ${patches - visible} predicted patches; loss ${decimals(loss, 3)}`)
  panels.error.canvas.setAttribute("aria-label", "Error of the composite; dark means none")
  panels.error.note.textContent = ` 0 to ${percent(most)}`
  panels.error.note.title = "Mean absolute error over bands for the brightest colour, relative to the display range"
}

/** @param {string | null | undefined} words @returns {words is string} */
const isText = (words) => Boolean(words)

/** Errors, pending work, and notes of the server; unchanged messages are left in place. @param {State} state */
export function showMessages(state) {
  const problems = [...new Set(sidesOf(state).map((side) => side.problem)), unlike(state)].filter(isText)
  const waits = sidesOf(state).filter((side) => side.steps && !side.steps.steps.length).map((side) => (side.ended
    ? "This run ended before its first checkpoint, so there is no model."
    : "This run has no checkpoint yet. Images appear with the first one."))
  const slow = sidesOf(state).filter((side) => side.slow).map((side) => `Loading the model at step ${grouped(stepOf(side) ?? 0)}…`)
  const own = state.view?.upload ? state.uploadNotes : []
  const notes = [...new Set([...own, ...sidesOf(state).map((side) => side.exact?.result.note)])].filter(isText)
  const key = JSON.stringify([problems, waits, slow, notes])
  if (key === state.messagesKey) return
  state.messagesKey = key
  state.messages.replaceChildren(
    ...problems.map((words) => el("p", { class: "gx-tone-bad", role: "alert" }, sentence(words))),
    ...[...waits, ...slow].map((words) => el("p", { class: "gx-soft" }, words)))
  state.notes?.remove()
  state.notes = notes.length ? el("p", { class: "notes gx-soft" }, notes.map(sentence).join(" ")) : null
  if (state.notes) state.row.after(state.notes)
}
