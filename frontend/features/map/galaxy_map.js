// The map of all galaxies of a dataset. Interaction is handled here; the page's script gets the view once it rests, for
// the address.

import { readColours, SERIES } from "../../ui/charts/palette.js"
import { ask, Refused } from "../../ui/kit/api.js"
import { makeStore } from "../../ui/kit/component.js"
import { el, exists, renew } from "../../ui/kit/dom.js"
import { sentence } from "../../ui/kit/format.js"
import { legendOf, paintingOf, plainPainting } from "./colours.js"
import { readView } from "./field.js"
import { drawOverlap } from "./overlap.js"
import { HINT, hover, select, showCard } from "./panel.js"
import { describe, followPane, matchPanes, resized, wantFrames } from "./panes.js"
import { drawSteps } from "./steps.js"

const maps = makeStore()
const MAP_REPORT_MS = 300
export const BY_WORDS = { class: "class", split: "split", predicted: "predicted class", right: "correct or wrong", confidence: "confidence", redshift: "redshift", flagged: "flags", rating: "rating" }

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".gx-galaxy_map")
  const state = maps(parentElement, () => build(root))
  state.send = (settings) => setTriggerValue("view", { ...settings, seq: ++state.seq })
  state.data = data
  readTheme(state)
  matchPanes(state)
  const view = JSON.stringify(data.view), own = data.browser_seq !== null && data.browser_seq >= state.seq
  if (!state.settings || (!own && view !== state.adopted && view !== state.sent)) adopt(state)
  follow(state)
  return () => { state.resize.disconnect(); clearTimeout(state.reportTimer) }
}

function build(root) {
  const state = { root, seq: 0, at: -1, hidden: new Set(), columns: new Map(), chosen: null, isChosen: new Uint8Array(0), panes: [] }
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

function readTheme(state) {
  const colours = readColours(state.root), dark = colours.series === SERIES.dark
  state.theme = { ...colours, ground: colours.ground.slice(0, 7), plain: colours.series[1], unknown: dark ? "#5b6470" : "#b4b8bd", veil: dark ? "rgb(255 255 255 / .08)" : "rgb(0 0 0 / .06)" }
}

/** Applies the view of the address. */
function adopt(state) {
  const { data } = state
  state.adopted = JSON.stringify(data.view)
  state.settings = { ...data.view }
  for (const pane of state.panes) if (pane.home) pane.view = readView(data.view[pane.viewName]) ?? pane.home
}

/** Updates points, colours and texts to the current view; what is loaded already is kept. */
function follow(state) {
  drawBar(state)
  drawSteps(state)
  for (const pane of state.panes) followPane(pane)
  loadColours(state)
  showCard(state)
  drawOverlap(state)
  wantFrames(state)
}

export const queryOf = (values) => new URLSearchParams(Object.entries(values).filter(([, value]) => exists(value)))

export function complain(state, problem) {
  const words = problem === null ? "" : problem instanceof Refused ? sentence(problem.message) : "The server is not responding; this page shows its last state."
  state.problem.hidden = !words
  state.problem.replaceChildren(words, words ? el("button", { onClick: () => follow(state) }, "Try again") : "")
}

/** Loads the column of the current colouring, and always that of the classes, for labels. */
async function loadColours(state) {
  const by = state.settings.colour, { classes, column } = state
  try {
    state.classes = state.data.labelled ? await columnOf(state, "class") : null
    const found = await columnOf(state, by)
    if (by !== state.settings.colour) return
    state.column = found
  } catch (problem) {
    return complain(state, problem)
  }
  if (state.classes !== classes || state.column !== column) recolour(state)
}

function columnOf(state, by) {
  const { of, evaluation } = { of: state.data.of, evaluation: isJudged(by) ? evaluationOf(state) : null }
  const path = `/datasets/${encodeURIComponent(of.dataset)}/colours?${queryOf({ by, evaluation })}`
  const key = `${path} ${of.version}`
  if (!state.columns.has(key)) {
    const coming = ask(path)
    state.columns.set(key, coming)
    coming.catch(() => state.columns.delete(key))
  }
  return state.columns.get(key)
}

const isJudged = (by) => ["predicted", "right", "confidence"].includes(by)

function evaluationOf({ data: { evaluations }, settings }) {
  return evaluations.some((one) => one.id === settings.evaluation) ? settings.evaluation : evaluations[0]?.id
}

export function recolour(state) {
  const { column, theme } = state, field = state.panes.find((pane) => pane.field)?.field
  if (!field) return
  const fits = column && column.values.length === field.n
  state.painting = fits ? paintingOf(column, theme) : plainPainting(field.n, theme)
  drawLegend(state)
  state.panes.forEach(describe)
  wantFrames(state)
}

function drawLegend(state) {
  renewLegend(state)
  state.legend.hidden = !state.legend.childNodes.length
}

function renewLegend(state) {
  state.legend.replaceChildren(...(state.column ? legendOf(state.painting, state.hidden, (k, alone) => toggleStyle(state, k, alone)) : []))
}

function toggleStyle(state, k, alone) {
  const { hidden, painting } = state
  if (alone) {
    const others = [...painting.styles.keys()].filter((other) => other !== k && painting.counts[other])
    const already = !hidden.has(k) && others.every((other) => hidden.has(other))
    hidden.clear()
    if (!already) others.forEach((other) => hidden.add(other))
  } else if (!hidden.delete(k)) hidden.add(k)
  renewLegend(state)
  state.legend.querySelector(`[data-code="${k}"]`)?.focus()
  wantFrames(state)
}

function drawBar(state) {
  const { data, settings } = state
  const colours = el("select", { "aria-label": "Colour by" }, data.colours.map((by) => el("option", { value: by, selected: by === settings.colour }, BY_WORDS[by])))
  colours.onchange = () => { state.hidden.clear(); change(state, { colour: colours.value }) }
  const judged = isJudged(settings.colour) && data.evaluations.length > 1
    ? el("select", { "aria-label": "Evaluation", class: "judged", "data-item": "judged" }, data.evaluations.map((one) => el("option", { value: one.id, selected: one.id === evaluationOf(state) }, one.title)))
    : null
  if (judged) judged.onchange = () => change(state, { evaluation: judged.value })
  const lasso = el("button", { class: "lasso", "data-item": "lasso", "aria-pressed": String(Boolean(state.lasso)), title: "Draw around galaxies to select them; with a mouse, Shift and drag does the same" }, "Lasso")
  lasso.onclick = () => { state.lasso = !state.lasso; state.frames.classList.toggle("drawing", state.lasso); drawBar(state) }
  renew(state.bar, el("label", { "data-item": "colour" }, el("span", { class: "gx-soft" }, "Colour by"), colours), judged, lasso)
}

/** Applies a change by the user now, and reports it after a short rest. */
export function change(state, changes) {
  Object.assign(state.settings, changes)
  follow(state)
  reportView(state)
}

export function chooseGalaxy(state, index) {
  const galaxy = index >= 0 ? index : null
  if (galaxy === state.settings.galaxy) return
  change(state, { galaxy })
}

export function clearAll(state) {
  state.panes.forEach((pane) => { pane.line = null })
  if (state.lasso) state.bar.querySelector(".lasso").click()
  hover(state.panes[0], -1)
  if (state.chosen || state.gallery.childNodes.length) select(state, null)
  chooseGalaxy(state, -1)
}

export function reportView(state) {
  clearTimeout(state.reportTimer)
  state.reportTimer = setTimeout(() => {
    const view = JSON.stringify(state.settings)
    if (view === state.sent) return
    state.sent = view
    state.adopted = null
    state.send(JSON.parse(view))
  }, MAP_REPORT_MS)
}
