// The results of a sweep: a figure and a table, linked to each other.

import { readColours } from "../../ui/charts/palette.js"
import { makeStore } from "../../ui/kit/component.js"
import { el } from "../../ui/kit/dom.js"
import { isNumber, percent } from "../../ui/kit/format.js"
import { sweepLine } from "./line.js"
import { meanRange, sweepParallel } from "./parallel.js"
import { cividisAt, figureWords } from "./scales.js"
import { sweepTable } from "./table.js"

const sweeps = makeStore()

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".gx-sweep_results")
  const state = sweeps(parentElement, () => openSweep(root))
  state.pick = (id) => setTriggerValue("pick", id)
  const theme = readColours(root)
  const ground = parseInt(theme.ground.slice(1, 7), 16)
  state.dark = 0.299 * (ground >> 16) + 0.587 * ((ground >> 8) & 255) + 0.114 * (ground & 255) < 128
  root.style.setProperty("--mark", theme.series[1])
  if (state.data?.axes.length !== data.axes.length) state.brushes = data.axes.map(() => null).concat(null)
  state.data = data
  redraw(state, true)
  return () => state.resize.disconnect()
}

function openSweep(root) {
  const state = { root, data: null, drawn: "", sort: null, brushes: [], pointed: null }
  state.figure = el("div", { class: "figure" })
  state.list = el("div", { class: "list", tabindex: -1 })
  root.replaceChildren(state.figure, state.list)
  root.onkeydown = (event) => {
    if (event.key !== "Escape" || !state.brushes.some(Boolean)) return
    state.brushes = state.brushes.map(() => null)
    redraw(state)
  }
  state.resize = new ResizeObserver(() => redraw(state, true))
  state.resize.observe(root)
  return state
}

/** Redraws everything; with `ifChanged`, only if something has changed. */
export function redraw(state, ifChanged = false) {
  const { root, data } = state
  const width = root.clientWidth
  const drawn = JSON.stringify([width, data, state.dark])
  if (!width || !data || (ifChanged && drawn === state.drawn)) return
  state.drawn = drawn
  state.pointed = null
  const focused = root.getRootNode().activeElement?.dataset?.focus
  const figured = data.settings.some(({ mean }) => isNumber(mean))
  state.figure.replaceChildren(...(figured ? figures(state, data, width) : [el("p", { class: "gx-soft none" }, "No run has been evaluated yet; the figure appears with the first evaluation.")]))
  state.list.replaceChildren(sweepTable(state, data))
  if (focused) root.querySelector(`[data-focus="${CSS.escape(focused)}"]`)?.focus()
}

function figures(state, data, width) {
  if (data.axes.length === 1) return [sweepLine(state, data, width), lineKey(data)]
  return [sweepParallel(state, data, width), parallelKey(state, data)]
}

const anyEarly = ({ settings }) => settings.some(({ runs }) => runs.some(({ early }) => early))

function lineKey(data) {
  const { references, objective } = data
  return el("p", { class: "gx-soft key" }, `Dots: best value of each seed; click one to open its run. ${anyEarly(data) ? "Hollow: stopped early. " : ""}Bars: means. ${references.length ? "Dashed: untrained baselines. " : ""}${objective.higher_is_better ? "" : "Lower is better."}`)
}

function parallelKey(state, data) {
  const { references, objective, settings } = data
  const [low, high] = meanRange({ settings, objective })
  const ramp = el("i", { class: "ramp", style: `background: linear-gradient(90deg, ${[0, 0.25, 0.5, 0.75, 1].map((share) => cividisAt(share, state.dark)).join(", ")})` })
  const beside = references.map(([name, value]) => `${name} ${percent(value)}`).join(", ")
  return el("p", { class: "gx-soft key" }, `${figureWords(objective, low)} `, ramp, ` ${figureWords(objective, high)}. Drag along an axis to filter; Esc clears the filters. ${anyEarly(data) ? "Dashed: every seed stopped early. " : ""}${beside ? `Baselines: ${beside}.` : ""}`)
}
