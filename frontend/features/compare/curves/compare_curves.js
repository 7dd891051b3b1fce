// Overlaid curves of several runs: one panel per metric, with a common x range and cross-hair.

import { readColours } from "../../../ui/charts/palette.js"
import { makeStore } from "../../../ui/kit/component.js"
import { el } from "../../../ui/kit/dom.js"
import { TERMINAL } from "../../../ui/kit/run.js"
import { isLoss, valueWords, X_AXES } from "./axes.js"
import { drawChart } from "./chart.js"
import { endFeed, readFeed, syncFeeds } from "./feeds.js"
import { linesOf, referencesOf, seenRange, wholeRange } from "./lines.js"
import { listenToChart, pointAt, readZoom } from "./pointer.js"
import { drawScores } from "./scores.js"
import { drawLegend, drawNotes, renewTools } from "./tools.js"

const compareViews = makeStore()

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".gx-compare_curves")
  const state = compareViews(parentElement, () => buildCompare(root))
  state.report = () => setTriggerValue("view", { seq: ++state.seq, ...state.view })
  state.tint = readColours(root)
  state.data = data
  if (!state.view || data.browser_seq === null || data.browser_seq >= state.seq) state.view = { ...data.view }
  state.seq = Math.max(state.seq, data.browser_seq ?? 0)
  takeData(state)
  return () => {
    for (const feed of state.feeds.values()) endFeed(feed)
    state.watch.disconnect()
    state.resize.disconnect()
  }
}

function buildCompare(root) {
  const state = { root, seq: 0, version: 0, draws: 0, feeds: new Map(), panels: new Map(), hidden: new Set(), zoom: null, sort: null, memo: new Map() }
  for (const [name, tag] of [["tools", "div"], ["notes", "p"], ["keys", "div"], ["grid", "div"], ["scores", "div"]]) state[name] = el(tag, { class: name })
  root.replaceChildren(state.tools, state.notes, state.keys, state.grid, state.scores)
  state.resize = new ResizeObserver(() => redraw(state))
  state.watch = new IntersectionObserver((seen) => noticeSight(state, seen), { rootMargin: "150px" })
  return state
}

/** Updates the runs drawn (newest first), their panels and their points. */
export function takeData(state) {
  state.shown = state.data.runs.slice(0, state.view.most)
  const keys = state.data.keys
  for (const [key, view] of state.panels) if (!keys.includes(key)) dropPanel(state, key, view)
  for (const key of keys) if (!state.panels.has(key)) state.panels.set(key, buildChart(state, key))
  const boxes = keys.map((key) => state.panels.get(key).box)
  if (boxes.some((box, i) => state.grid.children[i] !== box)) state.grid.replaceChildren(...boxes)
  state.version++
  readZoom(state)
  renewTools(state)
  syncFeeds(state)
  redraw(state)
}

function dropPanel(state, key, view) {
  state.watch.unobserve(view.plot)
  state.resize.unobserve(view.plot)
  state.panels.delete(key)
}

function buildChart(state, key) {
  const view = { key, inSight: false, lines: [], canvas: el("canvas", { "aria-hidden": "true" }), cross: el("i", { class: "cross", hidden: true }), mark: el("i", { class: "mark", hidden: true }), values: el("div", { class: "values", hidden: true }), wait: el("p", { class: "wait gx-soft" }) }
  view.plot = el("div", { class: "plot", role: "img", tabindex: 0, "data-key": key }, view.canvas, view.cross, view.mark, view.values, view.wait)
  view.box = el("figure", {}, el("figcaption", {}, el("b", {}, key)), view.plot)
  listenToChart(state, view)
  state.watch.observe(view.plot)
  state.resize.observe(view.plot)
  return view
}

function noticeSight(state, seen) {
  for (const { target, isIntersecting } of seen) {
    const view = state.panels.get(target.dataset.key)
    if (view) view.inSight = isIntersecting
  }
  for (const run of state.shown) readFeed(state, state.feeds.get(run.id))
  redraw(state)
}

/** Requests one draw in the next frame. */
export function redraw(state) {
  state.frame ??= requestAnimationFrame(() => {
    state.frame = null
    if (state.root.isConnected && state.data) drawCompare(state)
  })
}

function drawCompare(state) {
  const views = state.data.keys.map((key) => state.panels.get(key))
  for (const view of views) view.lines = memoLines(state, view.key).filter((line) => !state.hidden.has(line.id))
  const x = state.zoom ?? wholeRange(views)
  const inSight = views.filter((view) => view.inSight)
  const read = (run, key) => state.feeds.get(run.id).next.has(key)
  const complete = inSight.every(({ key }) => state.shown.every((run) => read(run, key)))
  state.thin = !complete || performance.now() < (state.movingUntil ?? 0)
  for (const view of inSight) drawPanelOf(state, view, x)
  const curves = Math.max(...inSight.map((view) => view.lines.length), 0)
  const whole = curves > 0 && complete
  if (whole) state.marked ??= performance.mark("galaxyscope.compare.whole")
  Object.assign(state.root.dataset, { draws: ++state.draws, curves, whole, zoom: (state.zoom ?? []).join(",") })
  drawWords(state)
  pointAt(state, state.pointed ?? null, state.pointedIn)
}

/** Legend, notes and figures, which do not depend on the zoom. */
function drawWords(state) {
  const key = JSON.stringify([state.version, state.view, [...state.hidden], state.tint])
  if (key === state.worded) return
  state.worded = key
  drawLegend(state)
  drawNotes(state)
  drawScores(state)
}

/** Lines are recomputed when points, runs or settings change, but not when zooming. */
export function memoLines(state, key) {
  const { most, ...view } = state.view
  const inputs = JSON.stringify([state.version, view])
  if (state.memo.get(key)?.inputs !== inputs) state.memo.set(key, { inputs, lines: linesOf(state, key).filter((line) => line.x.length) })
  return state.memo.get(key).lines
}

function drawPanelOf(state, view, x) {
  const width = view.plot.clientWidth, height = view.plot.clientHeight
  view.box.classList.toggle("empty", !view.lines.length || !x)
  view.wait.textContent = view.lines.length ? "" : waitWords(state, view.key)
  view.drawn = null
  if (!view.lines.length || !x || !width) return
  const log = isLoss(view.key) && state.view.log
  const references = referencesOf(state, view.key)
  const right = width > 380 && (view.lines.length <= 5 || references.length) ? Math.min(Math.round(width / 3.4), 128) : 12
  const frame = { width, height, left: 56, right, top: 8, bottom: 36, inner: width - 56 - right, tall: height - 44 }
  view.drawn = { key: view.key, frame, x, y: seenRange(view.lines, x, log, references), log, lines: view.lines, references, thin: state.thin, axisTitle: X_AXES[state.view.x].title }
  drawChart(view.canvas, view.drawn, state.tint)
  view.plot.setAttribute("aria-label", `${view.key} by ${view.drawn.axisTitle}; last values: ${view.lines.map((line) => `${line.title} ${valueWords(view.key, line.y.at(-1))}`).join(", ")}`)
}

function waitWords(state, key) {
  const feeds = state.shown.map((run) => state.feeds.get(run.id))
  if (feeds.some((feed) => feed.lost)) return "The server is not responding; retrying…"
  if (feeds.some((feed) => TERMINAL.has(feed.state) && !feed.whole.has(key))) return ""
  if (state.view.x === "flops" && feeds.some((feed) => feed.points.has(key))) return "The FLOPs of these runs are unknown."
  return feeds.every((feed) => TERMINAL.has(feed.state)) ? "None of these runs recorded this metric." : "Waiting for the first point."
}
