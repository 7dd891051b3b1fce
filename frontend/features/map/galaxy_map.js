// The map of all galaxies of a dataset. Interaction is handled here; the page's script gets the view once it rests, for
// the address.

import { readColours, SERIES } from "../../ui/charts/palette.js"
import { get } from "../../ui/kit/api.js"
import { isNewAddress, makeStore, reportView } from "../../ui/kit/component.js"
import { el, renew } from "../../ui/kit/dom.js"
import { problemWords } from "../../ui/kit/problems.js"
import { legendOf, paintingOf, plainPainting } from "./colours.js"
import { readView } from "./field.js"
import { drawOverlap } from "./overlap.js"
import { HINT, hover, select, showCard } from "./panel.js"
import { describe, followPane, matchPanes, resized, wantFrames } from "./panes.js"
import { drawSteps } from "./steps.js"

/** @import { ColourBy } from "../../api/contract.d.ts" */
/** @import { Mounting } from "../../ui/kit/mount.d.ts" */
/** @import { Data, MapState, Painting, Pane, Settings } from "./state.d.ts" */

/** @type {ReturnType<typeof makeStore<MapState>>} */
const maps = makeStore()
export const MAP_REPORT_MS = 300
/** @type {Record<ColourBy, string>} */
export const BY_WORDS = { class: "class", split: "split", predicted: "predicted class", right: "correct or wrong", confidence: "confidence", redshift: "redshift", flagged: "flags", rating: "rating" }

/** @param {Mounting<Data>} mounting */
export default function ({ data, parentElement, setTriggerValue }) {
  const state = maps(parentElement, () => build(/** @type {HTMLElement} */ (parentElement.querySelector(".gx-galaxy_map"))))
  state.data = data
  state.send = (view) => setTriggerValue("view", { view, seq: ++state.seq })
  readTheme(state)
  matchPanes(state)
  if (isNewAddress(state, data)) adopt(state)
  follow(state)
  return () => leave(state)
}

/** @param {HTMLElement} root */
function build(root) {
  /** @type {Painting} */
  const painting = { code: new Uint8Array(0), styles: [], bar: null, counts: new Uint32Array(0) }
  const state = /** @type {MapState} */ ({ root, left: true, seq: 0, at: -1, hidden: new Set(), columns: new Map(), painting, chosen: null, isChosen: new Uint8Array(0), panes: /** @type {Pane[]} */ ([]) })
  state.bar = el("div", { class: "bar" })
  state.legend = el("div", { class: "legend", role: "group", "aria-label": "Colour legend" })
  state.problem = el("p", { class: "message gx-tone-bad", role: "alert", hidden: true })
  state.frames = el("div", { class: "frames" })
  state.steps = el("div", { class: "steps", hidden: true })
  state.card = el("div", { class: "card" })
  state.gallery = el("div", { class: "gallery" })
  state.overlapText = el("p", { class: "overlap", role: "status", hidden: true })
  state.hint = el("p", { class: "gx-soft" }, HINT)
  root.replaceChildren(state.bar, state.problem, el("div", { class: "both" }, el("div", { class: "wide" }, state.frames, state.steps, state.legend), el("div", { class: "panel" }, state.card, state.gallery, state.hint)))
  state.resize = new ResizeObserver(() => state.panes.forEach(resized))
  return state
}

/** @param {MapState} state */
function leave(state) {
  state.resize.disconnect()
  clearTimeout(state.reportTimer)
  state.left = true
}

/** @param {MapState} state */
function readTheme(state) {
  const colours = readColours(state.root), dark = colours.series === SERIES.dark
  state.theme = { ...colours, ground: colours.ground.slice(0, 7), plain: colours.series[1], unknown: dark ? "#5b6470" : "#b4b8bd", veil: dark ? "rgb(255 255 255 / .08)" : "rgb(0 0 0 / .06)" }
}

/** Applies the view of the address. @param {MapState} state */
function adopt(state) {
  const { data } = state
  Object.assign(state, { left: false, sent: null, view: { ...data.view } })
  for (const pane of state.panes) if (pane.home) pane.view = readView(data.view[pane.viewName]) ?? pane.home
}

/** Updates points, colours and texts to the current view; what is loaded already is kept. @param {MapState} state */
function follow(state) {
  drawBar(state)
  drawSteps(state)
  for (const pane of state.panes) followPane(pane)
  loadColours(state)
  showCard(state)
  drawOverlap(state)
  wantFrames(state)
}

/** @param {MapState} state @param {unknown} problem */
export function complain(state, problem) {
  const words = problem === null ? "" : problemWords(problem)
  state.problem.hidden = !words
  state.problem.replaceChildren(words, words ? el("button", { onClick: () => follow(state) }, "Try again") : "")
}

/** Loads the column of the current colouring, and always that of the classes, for labels. @param {MapState} state */
async function loadColours(state) {
  const by = state.view.colour, { classes, column } = state
  try {
    state.classes = state.data.labelled ? await columnOf(state, "class") : null
    const found = await columnOf(state, by)
    if (by !== state.view.colour) return
    state.column = found
  } catch (problem) {
    return complain(state, problem)
  }
  if (state.classes !== classes || state.column !== column) recolour(state)
}

/** @param {MapState} state @param {ColourBy} by */
function columnOf(state, by) {
  const { columns, data: { of } } = state, params = { name: of.dataset, by, evaluation: isJudged(by) ? evaluationOf(state) : null }
  const key = JSON.stringify([params, of.version])
  const coming = columns.get(key) ?? get("/datasets/{name}/colours", params)
  if (!columns.has(key)) coming.catch(() => columns.delete(key))
  columns.set(key, coming)
  return coming
}

/** @param {ColourBy} by */
const isJudged = (by) => ["predicted", "right", "confidence"].includes(by)

/** @param {MapState} state */
function evaluationOf({ data: { evaluations }, view }) {
  return evaluations.some((one) => one.id === view.evaluation) ? view.evaluation : evaluations[0]?.id
}

/** @param {MapState} state */
export function recolour(state) {
  const { column, theme } = state, field = state.panes.find((pane) => pane.field)?.field
  if (!field) return
  state.painting = column?.values.length === field.n ? paintingOf(column, theme) : plainPainting(field.n, theme)
  drawLegend(state)
  state.panes.forEach(describe)
  wantFrames(state)
}

/** @param {MapState} state */
function drawLegend(state) {
  const { column, painting, hidden, legend } = state
  legend.replaceChildren(...(column && painting ? legendOf(painting, hidden, (k, alone) => toggleStyle(state, k, alone)) : []))
  legend.hidden = !legend.childNodes.length
}

/** @param {MapState} state @param {number} k @param {boolean} alone */
function toggleStyle(state, k, alone) {
  const { hidden, painting } = state
  if (alone) {
    const others = [...painting.styles.keys()].filter((other) => other !== k && painting.counts[other])
    const already = !hidden.has(k) && others.every((other) => hidden.has(other))
    hidden.clear()
    if (!already) others.forEach((other) => hidden.add(other))
  } else if (!hidden.delete(k)) hidden.add(k)
  drawLegend(state)
  Array.from(state.legend.querySelectorAll("button")).find((button) => button.dataset.code === String(k))?.focus()
  wantFrames(state)
}

/** @param {MapState} state */
function drawBar(state) {
  const { data, view } = state
  const colours = el("select", { "aria-label": "Colour by" }, data.colours.map((by) => el("option", { value: by, selected: by === view.colour }, BY_WORDS[by])))
  colours.onchange = () => { state.hidden.clear(); change(state, { colour: /** @type {ColourBy} */ (colours.value) }) }
  const judged = isJudged(view.colour) && data.evaluations.length > 1
    ? el("select", { "aria-label": "Evaluation", class: "judged", "data-item": "judged" }, data.evaluations.map((one) => el("option", { value: one.id, selected: one.id === evaluationOf(state) }, one.title)))
    : null
  if (judged) judged.onchange = () => change(state, { evaluation: judged.value })
  const lasso = el("button", { class: "lasso", "data-item": "lasso", "aria-pressed": String(Boolean(state.lasso)), title: "Draw around galaxies to select them; with a mouse, Shift and drag does the same" }, "Lasso")
  lasso.onclick = () => setLasso(state, !state.lasso)
  renew(state.bar, el("label", { "data-item": "colour" }, el("span", { class: "gx-soft" }, "Colour by"), colours), judged, lasso)
}

/** @param {MapState} state @param {boolean} on */
function setLasso(state, on) {
  state.lasso = on
  state.frames.classList.toggle("drawing", on)
  drawBar(state)
}

/** Applies a change by the user now, and reports it after a short rest. @param {MapState} state @param {Partial<Settings>} changes */
export function change(state, changes) {
  Object.assign(state.view, changes)
  follow(state)
  reportView(state, MAP_REPORT_MS)
}

/** @param {MapState} state @param {number} index */
export function chooseGalaxy(state, index) {
  const galaxy = index >= 0 ? index : null
  if (galaxy === state.view.galaxy) return
  change(state, { galaxy })
}

/** @param {MapState} state */
export function clearAll(state) {
  state.panes.forEach((pane) => { pane.line = null })
  if (state.lasso) setLasso(state, false)
  hover(state.panes[0], -1)
  if (state.chosen || state.gallery.childNodes.length) select(state, null)
  chooseGalaxy(state, -1)
}
