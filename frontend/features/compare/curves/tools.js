// Controls, legend and notes above the panels.

import { swatch } from "../../../ui/charts/pointer.js"
import { el, exists, renew, takeText } from "../../../ui/kit/dom.js"
import { memoLines, redraw, takeData } from "./compare_curves.js"
import { grouping, X_AXES } from "./lines.js"

/** @import { CompareView } from "../../../api/contract.d.ts" */
/** @import { Compared } from "./compare_curves.js" */
/** @typedef {"pretraining" | "log" | "group"} Switch */

const BAND_WORDS = { std: "± sample standard deviation", range: "lowest to highest" }

/** @param {Compared} state */
export function renewTools(state) {
  const { view } = state
  state.unzoom.hidden = state.zoom === null
  const seeds = state.data.groups.some((group) => group.runs.length > 1)
  const before = view.x === "flops" && state.data.runs.some((run) => (run.before ?? 0) > 0)
  const tools = [
    pick(state, "x", "x axis", Object.keys(X_AXES).map((x) => [x, x === "flops" ? "FLOPs" : x])),
    before ? check(state, "pretraining", "Include pretraining", "Adds the whole pretraining of the encoder") : null,
    smoothingOf(state), check(state, "log", "Log loss", "Loss on a logarithmic axis"),
    seeds ? check(state, "group", "Group seeds", "One line for runs that differ only in their seed: their mean over the common range") : null,
    seeds && view.group ? pick(state, "band", "Band", [["std", "± std"], ["range", "min–max"]]) : null,
    mostOf(state), state.unzoom,
  ]
  renew(state.tools, tools)
}

/** @param {Compared} state @param {Partial<CompareView>} change */
function changeView(state, change) {
  Object.assign(state.view, change)
  state.report()
  takeData(state)
}

/** @param {Compared} state @param {"x" | "band"} name @param {string} label @param {string[][]} choices */
function pick(state, name, label, choices) {
  const buttons = choices.map(([value, words]) => el("button", { "aria-pressed": String(state.view[name] === value), onClick: () => changeView(state, { [name]: value }), "data-item": value }, words))
  return el("div", { class: "choice", "data-item": name, role: "group", "aria-label": label }, el("span", { class: "gx-soft" }, label), buttons)
}

/** @param {Compared} state @param {Switch} name @param {string} words @param {string} title */
function check(state, name, words, title) {
  const box = el("input", { type: "checkbox", checked: state.view[name] })
  box.onchange = () => changeView(state, { [name]: box.checked })
  return el("label", { class: "toggle", "data-item": name, title }, box, words)
}

/** @param {Compared} state */
function smoothingOf(state) {
  const slider = el("input", { type: "range", min: 0, max: 0.98, step: 0.02, value: state.view.smoothing })
  const shown = el("output", {}, state.view.smoothing.toFixed(2))
  slider.oninput = () => {
    slider.defaultValue = slider.value // so that another value from the address moves it
    state.view.smoothing = Number(slider.value)
    shown.textContent = state.view.smoothing.toFixed(2)
    redraw(state)
  }
  slider.onchange = () => state.report()
  return el("label", { class: "smoothing", "data-item": "smoothing", title: "Moving average of metrics recorded at every step" }, "Smoothing", slider, shown)
}

/** @param {Compared} state */
function mostOf(state) {
  const field = el("input", { type: "number", min: 1, max: 50, value: state.view.most, "aria-label": "Maximum number of runs" })
  field.onchange = () => { takeText(field); changeView(state, { most: Math.min(Math.max(Math.round(Number(field.value)) || 10, 1), 50) }) }
  return el("label", { class: "most", "data-item": "most", title: "Newest first" }, "At most", field, "runs")
}

/** The legend, one button per line. @param {Compared} state */
export function drawLegend(state) {
  const lines = new Map()
  for (const key of state.data.keys) for (const line of memoLines(state, key)) if (!lines.has(line.id)) lines.set(line.id, line)
  const buttons = [...lines.values()].map((line) => {
    const shown = !state.hidden.has(line.id)
    const words = (line.n ?? 1) > 1 ? ` · N = ${line.n}` : ""
    const button = el("button", { "data-line": line.id, "aria-pressed": String(shown), title: "Show or hide" }, swatch(state.tint, line.style), el("span", {}, line.title), words ? el("em", {}, words) : null)
    button.onclick = () => {
      if (!state.hidden.delete(line.id)) state.hidden.add(line.id)
      redraw(state)
    }
    return button
  })
  renew(state.keys, buttons)
}

/** @param {Compared} state */
export function drawNotes(state) {
  const { runs } = state.data
  const words = []
  if (runs.length > state.shown.length) words.push(`Only the newest ${state.shown.length} of ${runs.length} selected runs are drawn.`)
  if (grouping(state)) words.push(`Line: mean over seeds in their common range; band: ${BAND_WORDS[state.view.band]}.`)
  const unknown = state.view.x === "flops" ? state.shown.filter((run) => !exists(run.flops) || (state.view.pretraining && !exists(run.before))) : []
  if (unknown.length) words.push(`Skipped (FLOPs unknown): ${unknown.map((run) => run.title).join(", ")}.`)
  if (state.view.x === "flops") words.push("FLOPs of forward and backward passes in training; evaluations are not counted.")
  if (state.shown.some((run) => state.feeds.get(run.id)?.thinned)) words.push("Long curves are thinned; their extremes are kept.")
  state.notes.textContent = words.join(" ")
}
