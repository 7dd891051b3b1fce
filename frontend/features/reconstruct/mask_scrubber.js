// Reconstructions of a masked galaxy that follow the mask-ratio slider.

import { showSeries } from "../../ui/charts/palette.js"
import { acceptDrops, latestWins, listenToPage } from "../../ui/galaxies/picking.js"
import { isNewAddress, makeStore, reportView } from "../../ui/kit/component.js"
import { el } from "../../ui/kit/dom.js"
import { percent } from "../../ui/kit/format.js"
import { drawChart } from "./chart.js"
import { buildPanels, crispenPanels, drawScene, PANELS } from "./draw.js"
import { buildInside, followInside, leaveInside } from "./inside.js"
import { maskAtRatio, maskOfHidden, maskOfKept, ratioByPatches } from "./maths.js"
import { buildModel, buildVersus, followAll, startVersus } from "./models.js"
import {
  closeSide, exactFits, fetchExact, fetchLadder, fetchSample, makeSide, ranksNow, sidesOf, stopWaiting, wantExact,
} from "./net.js"
import { preparePaint } from "./paint.js"
import { buildPick, randomGalaxy, sendPicture, stepGalaxy, stepInClass } from "./pick.js"
import { buildControls, showControls, showFigures } from "./words.js"

/** @import { Mounting } from "../../ui/kit/mount.d.ts" */
/** @import { Data, MaskKind, SideName, State, View } from "./state.d.ts" */

/** @type {ReturnType<typeof makeStore<State>>} */
const scrubbers = makeStore()
const REPORT_MS = 250
/** @type {readonly MaskKind[]} */
export const KINDS = ["uniform", "block", "core", "ring", "half", "grid"]
export const PIXEL_WORDS = [
  ["interpolated", "statistics from visible patches"], ["true", "true patch statistics"], ["normalised", "normalised prediction"],
]
export const PIXEL_NOTE = "How normalised predictions become pixels: with mean and standard deviation interpolated from visible patches, "
  + "with those of the hidden patches (which the model did not see), or left normalised"

/** @param {Mounting<Data>} mounting */
export default function ({ data, parentElement, setTriggerValue }) {
  const state = scrubbers(parentElement, () => build(/** @type {HTMLElement} */ (parentElement.querySelector(".gx-mask_scrubber"))))
  state.data = data
  showSeries(state.root)
  state.send = (view) => setTriggerValue("view", { view, seq: ++state.seq })
  state.leave ??= listenToPage({ r: () => randomGalaxy(state) }, (file) => sendPicture(state, file))
  if (isNewAddress(state, data)) adopt(state, data.view)
  return () => leave(state)
}

/** @param {HTMLElement} root */
function build(root) {
  const state = /** @type {State} */ ({ root, left: true, seq: 0, sides: { a: makeSide("a"), b: null }, models: {}, ranks: new Map(), markers: /** @type {SVGLineElement[]} */ ([]),
    mask: null, grid: { side: 0, length: 0, n: 0 }, wipe: 0.5, brush: 1, ticket: 0, uploadNotes: /** @type {string[]} */ ([]) })
  buildPanels(state)
  const queues = (/** @type {(state: State, name: SideName) => Promise<void>} */ work) => {
    const of = { a: latestWins(() => work(state, "a")), b: latestWins(() => work(state, "b")) }
    return (/** @type {SideName} */ name) => of[name]()
  }
  state.queueExact = queues(fetchExact)
  state.queueLadder = queues(fetchLadder)
  state.queueSample = queues(fetchSample)
  state.queueStep = latestWins((/** @type {number} */ change) => stepInClass(state, change))
  state.messages = el("div", { class: "messages" })
  state.compare = el("button", { title: "Compare with a second checkpoint or run on the same galaxy and mask", onClick: () => startVersus(state) }, "Compare…")
  const head = el("div", { class: "bar head" }, el("div", { class: "group" }, buildModel(state, "a"), state.compare), buildPick(state))
  state.chart = el("div", { class: "chart" })
  root.replaceChildren(head, buildVersus(state), state.messages, buildStage(state), el("div", { class: "under" }, buildControls(state), state.chart), buildInside(state))
  preparePaint(state)
  acceptDrops(root, (file) => sendPicture(state, file))
  state.resize = new ResizeObserver(() => { crispenPanels(state); drawChart(state) })
  state.resize.observe(root)
  return state
}

/** @param {State} state */
function leave(state) {
  state.leave?.()
  state.leave = null
  stopWaiting(state)
  leaveInside(state)
  clearTimeout(state.reportTimer)
  sidesOf(state).forEach(closeSide)
  state.left = true
}

/** Applies the view of the address; without a galaxy, a random one is chosen. @param {State} state @param {View} view */
function adopt(state, view) {
  Object.assign(state, { left: false, sent: null })
  state.view = { ...view, hidden: view.hidden && [...view.hidden] }
  followAll(state)
  showControls(state)
  refreshScene(state)
  if (state.view.row === null && state.view.upload === null) randomGalaxy(state)
  else wantExact(state, 0)
}

/** @param {State} state */
function buildStage(state) {
  state.slider = el("input", { type: "range", min: 0, max: 10000, step: 1, "aria-label": "Mask ratio" })
  state.slider.oninput = () => drag(state, Number(state.slider.value) / 10000)
  state.slider.onchange = () => reportView(state, 0)
  state.slider.onkeydown = (event) => slideByKey(state, event)
  state.readout = el("output", { class: "readout" })
  state.figures = el("div", { class: "figures", role: "status" })
  state.row = el("div", { class: "stage", tabindex: 0, role: "group", "aria-label": "Images. Left and right arrow keys go to the previous and next galaxy." },
    PANELS.map((name) => state.panels[name].box),
    el("div", { class: "ratio" }, el("span", { class: "gx-soft" }, "Masked"), state.slider, state.readout), state.figures)
  state.row.onkeydown = (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key]
    if (!step || event.target !== state.row) return
    event.preventDefault()
    stepGalaxy(state, step)
  }
  return state.row
}

/** Handles the slider: everything is redrawn immediately; the server is queried once it rests.
 * @param {State} state
 * @param {number} ratio
 */
function drag(state, ratio) {
  state.view.ratio = ratio
  state.view.hidden &&= null
  refreshScene(state)
  wantExact(state)
}

/** @param {State} state @param {KeyboardEvent} event */
function slideByKey(state, event) {
  const { length } = state.grid
  const many = Math.max(Math.round(length / 20), 1)
  const change = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: many, PageDown: -many, Home: -length, End: length }[event.key]
  if (!length || change === undefined) return
  event.preventDefault()
  drag(state, ratioByPatches(length, state.view.ratio, change))
  reportSoon(state)
}

/** Reports the view for the address once it rests. @param {State} state */
export const reportSoon = (state) => reportView(state, REPORT_MS)

/** The current mask: hand-made, from ranks, or from the server. @param {State} state */
function maskNow(state) {
  const { length } = state.grid
  if (!length) return null
  if (state.view.hidden) return maskOfHidden(state.view.hidden, length)
  const ranks = ranksNow(state)
  if (ranks) return maskAtRatio(ranks, state.view.ratio)
  const { exact } = state.sides.a
  return exact && (exactFits(state, state.sides.a) || !state.mask) ? maskOfKept(exact.result.ids_keep, length) : state.mask
}

/** @param {State} state */
export function refreshScene(state) {
  state.mask = maskNow(state)
  drawScene(state)
  showMaskWords(state)
  showFigures(state)
  drawChart(state)
  followInside(state)
}

/** Shows the ratio as text and on the slider. @param {State} state */
export function showMaskWords(state) {
  const { ratio, hidden } = state.view
  const share = hidden && state.grid.length ? hidden.length / state.grid.length : ratio
  const value = String(Math.round(10000 * share))
  if (state.slider.value !== value) state.slider.value = value
  state.readout.textContent = percent(share)
  state.slider.setAttribute("aria-valuetext", percent(share))
}
