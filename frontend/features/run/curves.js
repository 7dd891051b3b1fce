// The curves of one run, updated incrementally; each graph is built only once.

import { AXES, valueWords } from "../../ui/charts/axes.js"
import { readColours } from "../../ui/charts/palette.js"
import { describePanel, frameOf, hasValues, rangeOfX, rangeOfY } from "../../ui/charts/panel.js"
import { plotBox } from "../../ui/charts/plot_box.js"
import { drawPanel, loadPlotly } from "../../ui/charts/plotly.js"
import { pointAt, swatch } from "../../ui/charts/pointer.js"
import { mergePoints } from "../../ui/charts/points.js"
import { get, Refused } from "../../ui/kit/api.js"
import { makeStore } from "../../ui/kit/component.js"
import { el, renew, svgShape } from "../../ui/kit/dom.js"
import { live } from "../../ui/kit/poll.js"
import { probedBySgd, runPace, runTitle, STATE_SHAPES, TERMINAL, verdictPace } from "../../ui/kit/run.js"
import { recall, remember } from "../../ui/kit/storage.js"
import { keysOf, linesOf, METRICS, panelsOf, referencesOf, SGD_NOTE, stopMark } from "./panels.js"

/** @import { Answer, Run, Trait, Verdict } from "../../api/contract.d.ts" */
/** @import { AxisName } from "../../ui/charts/axes.js" */
/** @import { Line, Range } from "../../ui/charts/panel.js" */
/** @import { PlotBox } from "../../ui/charts/plot_box.js" */
/** @import { Plotly } from "../../ui/charts/plotly.js" */
/** @import { PlotGroup } from "../../ui/charts/pointer.js" */
/** @import { Points } from "../../ui/charts/points.js" */
/** @import { Mounting } from "../../ui/kit/mount.d.ts" */
/** @import { CurveSettings, PanelPlan } from "./panels.js" */
/** @typedef {{ run_id: string, traits: Trait[] }} CurvesData */
/** @typedef {PlotBox & { panel: PanelPlan, graph: HTMLElement, box: HTMLElement, keys: HTMLElement, note: HTMLElement, lines: Line[] }} RunPlot */
/** @typedef {ReturnType<typeof build>} State */

const SETTINGS = "galaxyscope.curves"
const MAX_POINTS = 2000, MAX_HELD = 6000
const DEFAULTS = { axis: "step", smoothing: 0.6, log: true, balanced: false, hidden: /** @type {string[]} */ ([]) }

/** @type {(parent: Node, make: () => State) => State} */
const curveViews = makeStore()

/** @param {Mounting<CurvesData>} mounting */
export default function ({ data, parentElement }) {
  const root = /** @type {HTMLElement} */ (parentElement.querySelector(".gx-curves"))
  const state = curveViews(parentElement, () => build(root, data))
  state.tint = readColours(root)
  if (state.id !== data.run_id) follow(state, data.run_id)
  else redraw(state)
  return () => {
    clearTimeout(state.timer)
    state.end()
    state.id = ""
    state.resize.disconnect()
    state.plots.forEach(({ graph }) => state.plotly?.purge(graph))
  }
}

/** @param {HTMLElement} root @param {CurvesData} kind */
function build(root, kind) {
  const dot = el("span", { class: "dot", role: "status" })
  const none = el("p", { class: "gx-soft", hidden: true }, "This run ended before its first step, so there are no curves.")
  const unzoom = el("button", { hidden: true, onClick: () => setZoom(state, null) }, "Reset zoom")
  const plots = /** @type {RunPlot[]} */ ([])
  const group = /** @type {PlotGroup} */ ({
    boxes: () => plots, zoom: null, tint: readColours(root), setZoom: (range) => setZoom(state, range), redraw: () => redraw(state),
    xName: () => state.settings.axis,
  })
  const state = Object.assign(group, {
    root, id: "", dot, none, unzoom, plots, settings: readSettings(), points: /** @type {Points} */ (new Map()), next: 0, attempt: /** @type {number | null} */ (null),
    run: /** @type {Run | null} */ (null), verdict: /** @type {Verdict | null} */ (null), builds: 0, revision: 0, frame: 0, timer: 0, loaded: false,
    plotly: /** @type {Plotly | null} */ (null), end: () => {}, resize: new ResizeObserver(() => redraw(state)),
  })
  plots.push(...panelsOf(kind).map((panel) => buildPlot(state, panel)))
  root.replaceChildren(
    el("div", { class: "tools" }, axisChoice(state), smoothingSlider(state),
      toggle(state, "log", "Log loss"), toggle(state, "balanced", "Balanced accuracy"), unzoom, dot),
    el("div", { class: "panels" }, plots.map((plot) => plot.box)), none)
  return state
}

/** @param {PlotGroup} group @param {PanelPlan} panel @returns {RunPlot} */
function buildPlot(group, panel) {
  const graph = el("div", { class: "graph" }), keys = el("div", { class: "keys" }), note = el("span", { class: "gx-soft" })
  const parts = plotBox(group, graph, panel.title)
  const box = el("figure", { class: `panel ${panel.large ? "large" : "small"}`, "data-panel": panel.key },
    el("figcaption", {}, el("b", {}, panel.title), note, parts.save), keys, parts.plot)
  return Object.assign(parts, { panel, graph, box, keys, note, lines: [] })
}

/** @returns {CurveSettings} */
function readSettings() {
  const kept = { ...DEFAULTS, ...recall(SETTINGS, DEFAULTS, "localStorage") }
  return { ...kept, axis: kept.axis in AXES ? /** @type {AxisName} */ (kept.axis) : "step", hidden: new Set(kept.hidden) }
}

/** @param {State} state */
function keepSettings(state) {
  remember(SETTINGS, { ...state.settings, hidden: [...state.settings.hidden] }, "localStorage")
  redraw(state)
}

/** @param {State} state */
function axisChoice(state) {
  const choice = el("div", { class: "choice", role: "group", "aria-label": "x axis" })
  choice.append(...(/** @type {AxisName[]} */ (Object.keys(AXES))).map((axis) => {
    const button = el("button", { "aria-pressed": String(axis === state.settings.axis) }, axis)
    button.onclick = () => {
      state.settings.axis = axis
      for (const other of choice.children) other.setAttribute("aria-pressed", String(other === button))
      setZoom(state, null)
      keepSettings(state)
    }
    return button
  }))
  return choice
}

/** @param {State} state */
function smoothingSlider(state) {
  const slider = el("input", { type: "range", min: 0, max: 0.98, step: 0.02, value: state.settings.smoothing })
  const shown = el("output", {}, state.settings.smoothing.toFixed(2))
  slider.oninput = () => {
    state.settings.smoothing = Number(slider.value)
    shown.textContent = state.settings.smoothing.toFixed(2)
    keepSettings(state)
  }
  return el("label", { class: "smoothing" }, "Smoothing", slider, shown)
}

/** @param {State} state @param {"log" | "balanced"} name @param {string} text */
function toggle(state, name, text) {
  const box = el("input", { type: "checkbox", checked: state.settings[name] })
  box.onchange = () => {
    state.settings[name] = box.checked
    keepSettings(state)
  }
  return el("label", { class: "toggle" }, box, text)
}

/** @param {State} state @param {string} id */
function follow(state, id) {
  clearTimeout(state.timer)
  state.end()
  state.resize.observe(state.root)
  Object.assign(state, { id, points: new Map(), next: 0, attempt: null, run: null, verdict: null, zoom: keptZoom(state, id) })
  const endVerdict = live("/runs/{run_id}/verdict", { run_id: id }, verdictPace, ({ data: verdict }) => {
    const moved = verdict?.would_stop_at_step !== state.verdict?.would_stop_at_step
    state.verdict = verdict
    if (moved) redraw(state)
  })
  const endRun = live("/runs/{run_id}", { run_id: id }, runPace, ({ data: run }) => {
    if (!run) return
    const baselines = JSON.stringify(run.baselines) !== JSON.stringify(state.run?.baselines)
    state.run = run
    if (baselines || TERMINAL.has(run.state)) redraw(state)
  })
  state.end = () => [endRun, endVerdict].forEach((end) => end())
  tick(state, id)
}

/** Fetches new points, every second while the run is active. @param {State} state @param {string} id */
async function tick(state, id) {
  const ended = state.run !== null && TERMINAL.has(state.run.state)
  let wait = document.hidden ? 5000 : 1000
  try {
    const page = await get("/runs/{run_id}/metrics", { run_id: id, since: state.next, max_points: MAX_POINTS, keys: METRICS.join(",") })
    if (state.id !== id) return
    take(state, page)
    showConnection(state, ended ? "ended" : "live")
    if (ended) return
  } catch (problem) {
    if (!(problem instanceof TypeError || problem instanceof Refused)) throw problem
    showConnection(state, problem instanceof Refused ? "refused" : "lost")
    wait = 2000
  }
  if (state.id === id) state.timer = window.setTimeout(() => tick(state, id), wait)
}

/** @param {State} state @param {Answer<"get", "/runs/{run_id}/metrics">} page */
function take(state, page) {
  if (state.attempt !== null && page.attempt !== state.attempt) return startAgain(state, page.attempt)
  state.attempt = page.attempt
  const changed = mergePoints(state.points, page.series)
  state.next = page.next
  state.loaded = true
  if ([...state.points.values()].some((held) => held.step.length > MAX_HELD)) startAgain(state, page.attempt)
  if (changed.length || state.builds === 0) redraw(state)
}

/** @param {State} state @param {number} attempt */
function startAgain(state, attempt) {
  Object.assign(state, { points: new Map(), next: 0, attempt })
}

const CONNECTIONS = /** @type {const} */ ({
  live: ["good", "live", "running"], ended: ["calm", "ended", "cancelled"], lost: ["bad", "reconnecting…", "lost"], refused: ["bad", "no metrics", "lost"],
})

/** @param {State} state @param {keyof typeof CONNECTIONS} kind */
function showConnection({ dot }, kind) {
  if (dot.dataset.kind === kind) return
  const [tone, word, shape] = CONNECTIONS[kind]
  dot.dataset.kind = kind
  dot.className = `dot gx-tone-${tone}`
  dot.replaceChildren(svgShape(...STATE_SHAPES[shape]), word)
}

/** Requests one draw in the next frame. @param {State} state */
function redraw(state) {
  state.frame ||= requestAnimationFrame(async () => {
    state.plotly ??= await loadPlotly().catch(() => null)
    state.frame = 0
    if (!state.plotly) return void setTimeout(() => redraw(state), 3000)
    if (state.id && state.root.isConnected && !state.drag) drawAll(state, state.plotly)
  })
}

/** @param {State} state @param {Plotly} plotly */
function drawAll(state, plotly) {
  for (const plot of state.plots) plot.lines = linesOf(plot.panel, state).filter(hasValues)
  const x = state.zoom ?? rangeOfX(state.plots.flatMap((plot) => plot.lines))
  const nothing = state.loaded && state.points.size === 0 && state.run !== null && TERMINAL.has(state.run.state)
  state.revision++
  state.root.classList.toggle("nothing", nothing)
  state.none.hidden = !nothing
  for (const plot of state.plots) drawPlot(state, plot, plotly, x)
  state.unzoom.hidden = state.zoom === null
  pointAt(state, state.pointed ?? null, state.pointedIn ?? null)
  Object.assign(state.root.dataset, { builds: state.builds, zoom: (state.zoom ?? []).join(","), points: state.points.get("train/loss")?.step.length ?? 0 })
}

/** @param {State} state @param {RunPlot} plot @param {Plotly} plotly @param {Range | null} x */
function drawPlot(state, plot, plotly, x) {
  const { panel, graph } = plot, references = referencesOf(panel, state)
  const shown = (/** @type {{ id: string }} */ { id }) => !state.settings.hidden.has(`${panel.key}/${id}`)
  plot.note.textContent = panel.key === "accuracy" && probedBySgd(state.run) ? SGD_NOTE : panel.note
  plot.wait.textContent = plot.lines.length ? "" : waitWords(state, panel)
  plot.box.classList.toggle("empty", !x || !plot.lines.length)
  plot.drawn = null
  if (!x || !plot.lines.length || !plot.plot.clientWidth) return
  const width = plot.plot.clientWidth, log = panel.key === "loss" && state.settings.log
  const roomy = panel.large && width > 440
  const right = !roomy ? 12 : panel.key === "accuracy" ? 176 : 124
  const lines = plot.lines.filter(shown), marks = references.filter(shown)
  plot.drawn = { key: panel.unit, title: panel.title, subject: state.run ? runTitle(state.run) : state.id, unitTitle: panel.title, frame: frameOf(width, plot.plot.clientHeight, right, panel.large ? 18 : 8), x, y: rangeOfY(lines, x, log, marks), log,
    lines, references: marks, mark: stopMark(panel, state), axisTitle: AXES[state.settings.axis].title, endWords: ({ title }, value) => `${title} ${valueWords(panel.unit, value)}` }
  if (!graph.dataset.build) graph.dataset.build = String(++state.builds)
  drawPanel(plotly, graph, plot.drawn, state.tint, state.revision)
  drawKeys(state, plot, references, !roomy)
  plot.plot.setAttribute("aria-label", describePanel(plot.drawn))
}

/** @param {State} state @param {PanelPlan} panel */
function waitWords(state, panel) {
  if (!state.loaded) return ""
  if (panel.key === "accuracy" && state.points.has("val/rankme")) return "No accuracies: the data has no labels."
  if (state.run && TERMINAL.has(state.run.state)) return "No points were recorded."
  return panel.key === "accuracy" || panel.key === "rank" ? "Waiting for the first evaluation." : "Waiting for the first step."
}

/** The legend: one button per curve and per family of references. Values of references stand at the lines where there is room.
 * @param {State} state @param {RunPlot} plot @param {import("../../ui/charts/panel.js").Reference[]} references @param {boolean} narrow
 */
function drawKeys(state, { panel, keys, lines }, references, narrow) {
  renew(keys, keysOf(panel, lines, references, state.settings.hidden).map(({ id, title, style, dash, hidden, values }) => {
    const isCurve = lines.some((line) => line.id === id)
    const words = isCurve || narrow ? values.map((value) => valueWords(panel.unit, value)).join(" · ") : ""
    const button = el("button", { "data-item": id, "data-line": id, title: "Show or hide", "aria-pressed": String(!hidden) }, swatch(state.tint, style, dash), el("span", {}, title), el("em", {}, words))
    button.onclick = () => {
      const name = `${panel.key}/${id}`
      if (!state.settings.hidden.delete(name)) state.settings.hidden.add(name)
      keepSettings(state)
    }
    return button
  }))
}

/** @param {State} state @param {string} id */
const zoomPlaceOf = (state, id) => `galaxyscope.zoom.${id}.${state.settings.axis}`

/** @param {State} state @param {Range | null} range */
function setZoom(state, range) {
  state.zoom = range
  remember(zoomPlaceOf(state, state.id), range)
  redraw(state)
}

/** @param {State} state @param {string} id @returns {Range | null} */
const keptZoom = (state, id) => recall(zoomPlaceOf(state, id), null)
