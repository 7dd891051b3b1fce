// The results of a sweep: a figure and a table, linked to each other.

import { showSeries } from "../../ui/charts/palette.js"
import { makeStore } from "../../ui/kit/component.js"
import { el, find, keepFocus } from "../../ui/kit/dom.js"
import { percent } from "../../ui/kit/format.js"
import { sweepLine } from "./line.js"
import { sweepParallel } from "./parallel.js"
import { cividisAt, figureWords, meanRange, measured } from "./scales.js"
import { sweepTable } from "./table.js"

/** @import { Mounting } from "../../ui/kit/mount.d.ts" */
/** @import { Setting, Sweep } from "./scales.js" */

/** `shares` are the places of a setting on the axes, which `brushes` filter; the objective is the last axis.
 * @typedef {object} State
 * @property {HTMLElement} root
 * @property {HTMLElement} figure
 * @property {HTMLElement} list
 * @property {Sweep} data
 * @property {boolean} dark
 * @property {string} drawn
 * @property {{ column: number, down: boolean } | null} sort
 * @property {([low: number, high: number] | null)[]} brushes
 * @property {Setting | null} pointed
 * @property {Map<Setting, (number | null)[]>} shares
 * @property {Map<Setting, SVGElement>} lines
 * @property {Map<Setting, HTMLElement>} rows
 * @property {(id: string) => void} pick
 * @property {() => void} redraw
 * @property {ResizeObserver} resize
 */

/** @type {ReturnType<typeof makeStore<State>>} */
const sweeps = makeStore()

/** @param {Mounting<Sweep>} mounting */
export default function ({ data, parentElement, setTriggerValue }) {
  const root = find(parentElement, ".gx-sweep_results")
  const { dark } = showSeries(root), pick = (/** @type {string} */ id) => setTriggerValue("pick", id)
  const state = sweeps(parentElement, () => openSweep(root, { data, dark, pick }))
  if (state.brushes.length !== data.axes.length + 1) clear(state, data)
  Object.assign(state, { data, dark, pick })
  redrawChanged(state)
  return () => state.resize.disconnect()
}

/** @param {HTMLElement} root @param {Pick<State, "data" | "dark" | "pick">} known */
function openSweep(root, known) {
  const figure = el("div", { class: "figure" }), list = el("div", { class: "list", tabindex: -1 })
  root.replaceChildren(figure, list)
  root.onkeydown = (event) => {
    if (event.key !== "Escape" || !state.brushes.some(Boolean)) return
    clear(state, state.data)
    redraw(state)
  }
  /** @type {State} */
  const state = {
    root, figure, list, ...known, drawn: "", sort: null, brushes: [], pointed: null, shares: new Map(), lines: new Map(), rows: new Map(),
    redraw: () => redraw(state), resize: new ResizeObserver(() => redrawChanged(state)),
  }
  state.resize.observe(root)
  return state
}

/** @param {State} state @param {Sweep} data */
function clear(state, data) {
  state.brushes = [...data.axes.map(() => null), null]
}

/** @param {State} state */
const drawnOf = (state) => JSON.stringify([state.root.clientWidth, state.data, state.dark])

/** @param {State} state */
function redrawChanged(state) {
  if (drawnOf(state) !== state.drawn) redraw(state)
}

/** @param {State} state */
function redraw(state) {
  const { root, data, figure, list } = state
  const width = root.clientWidth
  if (!width) return
  state.drawn = drawnOf(state)
  state.pointed = null
  keepFocus(root, () => {
    figure.replaceChildren(...(measured(data.settings).length ? figures(state, data, width)
      : [el("p", { class: "gx-soft none" }, "No run has been evaluated yet; the figure appears with the first evaluation.")]))
    list.replaceChildren(sweepTable(state, data))
  })
}

/** @param {State} state @param {Sweep} data @param {number} width */
function figures(state, data, width) {
  if (data.axes.length === 1) return [sweepLine(state, data, width), lineKey(data)]
  return [sweepParallel(state, data, width), parallelKey(state, data)]
}

/** @param {Sweep} data */
const anyEarly = ({ settings }) => settings.some(({ runs }) => runs.some(({ early }) => early))

/** @param {Sweep} data */
function lineKey(data) {
  const { references, objective } = data
  return el("p", { class: "gx-soft key" }, `Dots: best value of each seed; click one to open its run. ${anyEarly(data) ? "Hollow: stopped early. " : ""}Bars: means. ${references.length ? "Dashed: untrained baselines. " : ""}${objective.higher_is_better ? "" : "Lower is better."}`)
}

/** @param {State} state @param {Sweep} data */
function parallelKey({ dark }, data) {
  const { references, objective } = data, [low, high] = meanRange(data)
  const ramp = el("i", { class: "ramp", style: `background: linear-gradient(90deg, ${[0, 0.25, 0.5, 0.75, 1].map((share) => cividisAt(share, dark)).join(", ")})` })
  const beside = references.map(([name, value]) => `${name} ${percent(value)}`).join(", ")
  return el("p", { class: "gx-soft key" }, `${figureWords(objective, low)} `, ramp, ` ${figureWords(objective, high)}. Drag along an axis to filter; Esc clears the filters. ${anyEarly(data) ? "Dashed: every seed stopped early. " : ""}${beside ? `Baselines: ${beside}.` : ""}`)
}
