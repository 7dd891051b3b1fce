// The curves of one run, updated incrementally; each graph is built only once.

import {
  AXES, firstTime, fullRange, KEYS, MAX_HELD, MAX_POINTS, mergePoints, valueAt, valueRange,
} from "../../ui/charts/curves_data.js"
import { ask, Refused } from "../../ui/kit/api.js"
import { makeStore } from "../../ui/kit/component.js"
import { el, svgShape } from "../../ui/kit/dom.js"
import { livePath } from "../../ui/kit/poll.js"
import { probedBySgd, runPace, runPath, STATE_SHAPES, TERMINAL, verdictPace, verdictPath } from "../../ui/kit/run.js"
import {
  endLabels, loadPlotly, panelLayout, panelLines, panelsOf, readTint, REFERENCE_NAMES, SGD_NOTE, traces,
} from "./curves_plot.js"

const curveViews = makeStore()
const SETTINGS = "galaxyscope.curves"

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".gx-curves")
  const state = curveViews(parentElement, () => build(root, data))
  state.tint = readTint(root)
  if (state.id !== data.run_id) follow(state, data.run_id)
  else redraw(state)
  return () => {
    clearTimeout(state.timer)
    state.end?.()
    state.id = null
    state.resize.disconnect()
    removeEventListener("pointerup", state.release)
    state.panels.forEach(({ graph }) => globalThis.Plotly?.purge(graph))
  }
}

function build(root, kind) {
  const state = { root, id: null, points: new Map(), settings: readSettings(), zoom: null, builds: 0, revision: 0, dragging: false }
  state.panels = panelsOf(kind).map((panel) => buildPanel(state, panel))
  state.dot = el("span", { class: "dot", role: "status" })
  state.none = el("p", { class: "gx-soft", hidden: true }, "This run ended before its first step, so there are no curves.")
  state.unzoom = el("button", { hidden: true, onClick: () => setZoom(state, null) }, "Reset zoom")
  root.replaceChildren(
    el("div", { class: "tools" }, axisChoice(state), smoothingSlider(state),
      toggle(state, "log", "Log loss"), toggle(state, "balanced", "Balanced accuracy"), state.unzoom, state.dot),
    el("div", { class: "panels" }, state.panels.map((view) => view.box)), state.none)
  state.resize = new ResizeObserver(() => redraw(state))
  state.resize.observe(root)
  state.release = () => release(state)
  addEventListener("pointerup", state.release)
  return state
}

function buildPanel(state, panel) {
  const view = { panel, graph: el("div", { class: "graph" }), cross: el("i", { class: "cross", hidden: true }), ends: el("div", { class: "ends" }), keys: el("div", { class: "keys" }), note: el("span", { class: "gx-soft" }), built: false }
  view.plot = el("div", { class: "plot", role: "img" }, view.graph, view.ends, view.cross)
  view.wait = el("p", { class: "wait gx-soft" }, "")
  view.plot.append(view.wait)
  view.box = el("figure", { class: `panel ${panel.large ? "large" : "small"}`, "data-panel": panel.key },
    el("figcaption", {}, el("b", {}, panel.title), view.note), view.keys, view.plot)
  view.plot.onpointermove = (event) => point(state, view, event)
  view.plot.onpointerleave = () => point(state, view, null)
  view.plot.onpointerdown = () => { state.dragging = true }
  return view
}

function readSettings() {
  const kept = JSON.parse(localStorage.getItem(SETTINGS) ?? "{}")
  return { axis: AXES[kept.axis] ? kept.axis : "step", smoothing: kept.smoothing ?? 0.6, log: kept.log ?? true,
    balanced: kept.balanced ?? false, hidden: new Set(kept.hidden ?? []) }
}

function keepSettings(state) {
  localStorage.setItem(SETTINGS, JSON.stringify({ ...state.settings, hidden: [...state.settings.hidden] }))
  redraw(state)
}

function axisChoice(state) {
  const choice = el("div", { class: "choice", role: "group", "aria-label": "x axis" })
  choice.append(...Object.keys(AXES).map((axis) => {
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

function toggle(state, name, text) {
  const box = el("input", { type: "checkbox", checked: state.settings[name] })
  box.onchange = () => {
    state.settings[name] = box.checked
    keepSettings(state)
  }
  return el("label", { class: "toggle" }, box, text)
}

function follow(state, id) {
  clearTimeout(state.timer)
  state.end?.()
  Object.assign(state, { id, points: new Map(), next: 0, attempt: null, run: null, verdict: null, zoom: keptZoom(id, state) })
  const endVerdict = livePath(verdictPath(id), verdictPace, ({ data: verdict }) => {
    const moved = verdict?.would_stop_at_step !== state.verdict?.would_stop_at_step
    state.verdict = verdict
    if (moved) redraw(state)
  })
  const endRun = livePath(runPath(id), runPace, ({ data: run }) => {
    if (!run) return
    const baselines = JSON.stringify(run.baselines) !== JSON.stringify(state.run?.baselines)
    state.run = run
    if (baselines || TERMINAL.has(run.state)) redraw(state)
  })
  state.end = () => [endRun, endVerdict].forEach((end) => end())
  tick(state, id)
}

/** Fetches new points, every second while the run is active. */
async function tick(state, id) {
  const ended = state.run !== null && TERMINAL.has(state.run.state)
  let wait = document.hidden ? 5000 : 1000
  try {
    const query = `since=${state.next}&max_points=${MAX_POINTS}&keys=${encodeURIComponent(KEYS.join(","))}`
    const page = await ask(`${runPath(id)}/metrics?${query}`)
    if (state.id !== id) return
    take(state, page)
    connection(state, ended ? "ended" : "live")
    if (ended) return
  } catch (problem) {
    if (!(problem instanceof TypeError || problem instanceof Refused)) throw problem
    connection(state, problem instanceof Refused ? "refused" : "lost")
    wait = 2000
  }
  if (state.id === id) state.timer = setTimeout(() => tick(state, id), wait)
}

function take(state, page) {
  if (state.attempt !== null && page.attempt !== state.attempt) return void startAgain(state, page.attempt)
  state.attempt = page.attempt
  const changed = mergePoints(state.points, page.series)
  state.next = page.next
  state.loaded = true
  if ([...state.points.values()].some((held) => held.step.length > MAX_HELD)) startAgain(state, page.attempt)
  if (changed.length || state.builds === 0) redraw(state)
}

function startAgain(state, attempt) {
  Object.assign(state, { points: new Map(), next: 0, attempt })
}

const DOTS = { live: ["good", "live"], ended: ["calm", "ended"], lost: ["bad", "reconnecting…"], refused: ["bad", "no metrics"] }

function connection(state, kind) {
  if (state.dot.dataset.kind === kind) return
  const [tone, word] = DOTS[kind]
  state.dot.dataset.kind = kind
  state.dot.className = `dot gx-tone-${tone}`
  state.dot.replaceChildren(svgShape(...STATE_SHAPES[kind === "live" ? "running" : kind === "ended" ? "cancelled" : "lost"]), word)
}

/** Requests one draw in the next frame. */
function redraw(state) {
  if (state.frame) return
  state.frame = requestAnimationFrame(async () => {
    const plotly = await loadPlotly().catch(() => null)
    state.frame = 0
    if (!plotly) return void setTimeout(() => redraw(state), 3000)
    if (state.id && state.root.isConnected && !state.dragging) drawAll(state, plotly)
  })
}

function drawAll(state, plotly) {
  const full = fullRange(state.points, state.settings.axis)
  const x = state.zoom ?? full
  const start = firstTime(state.points)
  state.revision++
  const nothing = state.loaded && state.points.size === 0 && TERMINAL.has(state.run?.state)
  state.root.classList.toggle("nothing", nothing)
  state.none.hidden = !nothing
  for (const view of state.panels) drawPanel(state, view, plotly, x, start)
  state.unzoom.hidden = state.zoom === null
  Object.assign(state.root.dataset, { builds: state.builds, zoom: (state.zoom ?? []).join(","), points: state.points.get("train/loss")?.step.length ?? 0 })
}

function drawPanel(state, view, plotly, x, start) {
  const lines = panelLines(view.panel, state, start)
  view.note.textContent = view.panel.key === "accuracy" && probedBySgd(state.run) ? SGD_NOTE : view.panel.note
  const curves = lines.filter((line) => !line.reference)
  view.wait.textContent = curves.length ? "" : waitWords(state, view.panel)
  if (!x || !curves.length || !view.plot.clientWidth) return void view.box.classList.add("empty")
  view.box.classList.remove("empty")
  const log = view.panel.key === "loss" && state.settings.log
  const seen = lines.filter((line) => !line.hidden)
  const ranges = { x, y: valueRange(seen, x, log) }
  const size = panelSize(view)
  Object.assign(view, { lines, ranges, size })
  const layout = panelLayout(view.panel, size, ranges, state.tint, state)
  plotly.react(view.graph, traces(lines, ranges, state.tint), layout, { displayModeBar: false, doubleClick: false, responsive: false })
  if (!view.built) listenTo(state, view)
  view.ends.replaceChildren(...endLabels(view.panel, lines, ranges, size, state.tint, state))
  drawKeys(state, view, state.pointed ?? null)
  view.plot.setAttribute("aria-label", describe(view))
}

function waitWords(state, panel) {
  if (!state.loaded) return ""
  if (panel.key === "accuracy" && state.points.has("val/rankme")) return "No accuracies: the data has no labels."
  const ended = state.run && TERMINAL.has(state.run.state)
  if (ended) return "No points were recorded."
  return panel.key === "accuracy" || panel.key === "rank" ? "Waiting for the first evaluation." : "Waiting for the first step."
}

function panelSize(view) {
  const width = view.plot.clientWidth, height = view.plot.clientHeight
  const roomy = view.panel.large && width > 440
  const right = view.panel.key === "accuracy" && roomy ? 168 : roomy ? 108 : 12
  return { width, height, left: 52, right, top: view.panel.large ? 18 : 8, bottom: 38, roomy }
}

function listenTo(state, view) {
  view.built = true
  view.graph.dataset.build = String(++state.builds)
  view.graph.on("plotly_relayout", (change) => {
    if ("xaxis.range[0]" in change) setZoom(state, [change["xaxis.range[0]"], change["xaxis.range[1]"]])
  })
  view.graph.on("plotly_doubleclick", () => setZoom(state, null))
}

function release(state) {
  if (!state.dragging) return
  state.dragging = false
  redraw(state)
}

function setZoom(state, range) {
  state.zoom = range
  sessionStorage.setItem(`galaxyscope.zoom.${state.id}`, JSON.stringify({ axis: state.settings.axis, range }))
  redraw(state)
}

function keptZoom(id, state) {
  const kept = JSON.parse(sessionStorage.getItem(`galaxyscope.zoom.${id}`) ?? "null")
  return kept?.axis === state.settings.axis ? kept.range : null
}

/** Moves the cross-hair of all panels to one x and shows the values there. */
function point(state, view, event) {
  let x = null
  if (event && view.size && !state.dragging) {
    const { left, right, width } = view.size
    const share = (event.clientX - view.plot.getBoundingClientRect().left - left) / (width - left - right)
    if (share >= 0 && share <= 1) x = view.ranges.x[0] + share * (view.ranges.x[1] - view.ranges.x[0])
  }
  state.pointed = x
  for (const other of state.panels) {
    if (!other.size) continue
    const { left, right, width, top, bottom, height } = other.size
    other.cross.hidden = x === null
    if (x !== null) {
      const share = (x - other.ranges.x[0]) / (other.ranges.x[1] - other.ranges.x[0])
      other.cross.style.cssText = `left:${left + share * (width - left - right)}px;top:${top}px;height:${height - top - bottom}px`
    }
    drawKeys(state, other, x)
  }
}

/** The legend: one button per line, with its value at the cross-hair or its last value. */
function drawKeys(state, view, x) {
  const ids = new Map()
  for (const line of view.lines) ids.set(line.id, [...(ids.get(line.id) ?? []), line])
  const keys = JSON.stringify([...ids.keys()])
  if (view.keyIds !== keys) {
    view.keyIds = keys
    view.keys.replaceChildren(...[...ids.keys()].map((id) => keyButton(state, view, id)))
  }
  for (const button of view.keys.children) fillKey(state, view, button, ids.get(button.dataset.line), x)
}

function keyButton(state, view, id) {
  const button = el("button", { "data-line": id, title: "Show or hide" }, el("i"), el("span"), el("em"))
  button.onclick = () => {
    const name = `${view.panel.key}/${id}`
    if (!state.settings.hidden.delete(name)) state.settings.hidden.add(name)
    keepSettings(state)
  }
  return button
}

function fillKey(state, view, button, lines, x) {
  const [line] = lines
  const colour = !line.reference || lines.length === 1 && line.colour ? state.tint.colours[line.colour] : state.tint.soft
  button.setAttribute("aria-pressed", String(!line.hidden))
  const [swatch, name, value] = button.children
  swatch.style.cssText = `border-top: 2px ${line.reference ? (line.dash === "dot" ? "dotted" : "dashed") : "solid"} ${colour}`
  name.textContent = line.reference ? REFERENCE_NAMES[line.id] : line.name
  const shown = line.reference ? null : valueAt(line, x ?? Infinity)
  value.textContent = line.reference ? (view.size?.roomy ? "" : referenceValues(view, lines)) : shown === null ? "" : view.panel.form(shown)
}

/** The values of one reference in the order of the curves: linear, then k-NN. */
function referenceValues(view, lines) {
  return lines.map((line) => view.panel.form(line.y[0])).join(" · ")
}

function describe(view) {
  const words = view.lines.map((line) => `${line.name} ${view.panel.form(valueAt(line, Infinity) ?? line.y[0] ?? 0)}`)
  return `${view.panel.title}, last values: ${words.join(", ")}`
}
