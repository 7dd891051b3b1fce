// Overlaid curves of several runs: one panel per metric, with a common x range and cross-hair.

import { isLoss } from "../../../ui/charts/axes.js"
import { readColours } from "../../../ui/charts/palette.js"
import { describePanel, frameOf, hasValues, rangeOfX, rangeOfY } from "../../../ui/charts/panel.js"
import { plotBox } from "../../../ui/charts/plot_box.js"
import { pointAt } from "../../../ui/charts/pointer.js"
import { isNewAddress, makeStore } from "../../../ui/kit/component.js"
import { el } from "../../../ui/kit/dom.js"
import { TERMINAL } from "../../../ui/kit/run.js"
import { recall, remember } from "../../../ui/kit/storage.js"
import { drawChart } from "./chart.js"
import { endFeed, readFeed, syncFeeds } from "./feeds.js"
import { linesOf, referencesOf, X_AXES } from "./lines.js"
import { drawScores } from "./scores.js"
import { drawLegend, drawNotes, renewTools } from "./tools.js"

/** @import { CompareData, ComparedRun, CompareView, Viewed } from "../../../api/contract.d.ts" */
/** @import { Line, Range } from "../../../ui/charts/panel.js" */
/** @import { PlotBox } from "../../../ui/charts/plot_box.js" */
/** @import { PlotGroup } from "../../../ui/charts/pointer.js" */
/** @import { Tint } from "../../../ui/charts/palette.js" */
/** @import { Mounting } from "../../../ui/kit/mount.d.ts" */
/** @import { Feed } from "./feeds.js" */
/** @typedef {Viewed<CompareView, CompareData>} Data */
/** @typedef {PlotBox & { key: string, canvas: HTMLCanvasElement, box: HTMLElement, inSight: boolean, lines: Line[] }} ComparePlot */
/** @typedef {ReturnType<typeof buildCompare>} Compared */

/** @type {(parent: Node, make: () => Compared) => Compared} */
const compareViews = makeStore()

/** @param {Mounting<Data>} mounting */
export default function ({ data, parentElement, setTriggerValue }) {
  const root = /** @type {HTMLElement} */ (parentElement.querySelector(".gx-compare_curves"))
  const state = compareViews(parentElement, () => buildCompare(root, data))
  state.report = () => setTriggerValue("view", { view: state.view, seq: ++state.seq })
  state.tint = readColours(root)
  state.data = data
  if (isNewAddress(state, data)) state.view = { ...data.view }
  takeData(state)
  return () => {
    for (const feed of state.feeds.values()) endFeed(feed)
    state.watch.disconnect()
    state.resize.disconnect()
  }
}

/** @param {HTMLElement} root @param {Data} data */
function buildCompare(root, data) {
  const [tools, notes, keys, grid, scores] = [el("div", { class: "tools" }), el("p", { class: "notes" }), el("div", { class: "keys" }), el("div", { class: "grid" }), el("div", { class: "scores" })]
  root.replaceChildren(tools, notes, keys, grid, scores)
  const plots = /** @type {Map<string, ComparePlot>} */ (new Map())
  const group = /** @type {PlotGroup} */ ({
    boxes: () => plots.values(), zoom: null, tint: /** @type {Tint} */ ({}), setZoom: (range) => setZoom(state, range), redraw: () => redraw(state),
    xName: () => state.view.x.replace("flops", "FLOPs"),
  })
  const state = Object.assign(group, {
    root, tools, notes, keys, grid, scores, plots, data, view: { ...data.view }, seq: 0, version: 0, draws: 0,
    report: () => {}, shown: /** @type {ComparedRun[]} */ ([]), feeds: /** @type {Map<string, Feed>} */ (new Map()), hidden: /** @type {Set<string>} */ (new Set()),
    sort: /** @type {{ key: string, which: "last" | "best", rising: boolean } | null} */ (null),
    memo: /** @type {Map<string, { inputs: string, lines: Line[] }>} */ (new Map()), unzoom: el("button", { "data-item": "zoom", onClick: () => setZoom(state, null) }, "Reset zoom"),
    frame: 0, thin: false, worded: "", zoomPlace: "", marked: false,
    resize: new ResizeObserver(() => redraw(state)),
    watch: new IntersectionObserver((seen) => noticeSight(state, seen), { rootMargin: "150px" }),
  })
  return state
}

/** Updates the runs drawn (newest first), their panels and their points. @param {Compared} state */
export function takeData(state) {
  state.shown = state.data.runs.slice(0, state.view.most)
  const keys = state.data.keys
  for (const [key, plot] of state.plots) if (!keys.includes(key)) dropPlot(state, key, plot)
  const boxes = keys.map((key) => {
    const plot = state.plots.get(key) ?? buildPlot(state, key)
    state.plots.set(key, plot)
    return plot.box
  })
  if (boxes.some((box, i) => state.grid.children[i] !== box)) state.grid.replaceChildren(...boxes)
  state.version++
  readZoom(state)
  renewTools(state)
  syncFeeds(state)
  redraw(state)
}

/** @param {Compared} state @param {string} key @param {ComparePlot} plot */
function dropPlot(state, key, plot) {
  state.watch.unobserve(plot.plot)
  state.resize.unobserve(plot.plot)
  state.plots.delete(key)
}

/** @param {Compared} state @param {string} key @returns {ComparePlot} */
function buildPlot(state, key) {
  const canvas = el("canvas", { "aria-hidden": "true" }), parts = plotBox(state, canvas, key)
  parts.plot.dataset.key = key
  const box = el("figure", {}, el("figcaption", {}, el("b", {}, key), parts.save), parts.plot)
  state.watch.observe(parts.plot)
  state.resize.observe(parts.plot)
  return Object.assign(parts, { key, canvas, box, inSight: false, lines: [] })
}

/** @param {Compared} state @param {IntersectionObserverEntry[]} seen */
function noticeSight(state, seen) {
  for (const { target, isIntersecting } of seen) {
    const plot = state.plots.get(/** @type {HTMLElement} */ (target).dataset.key ?? "")
    if (plot) plot.inSight = isIntersecting
  }
  for (const feed of feedsOf(state)) readFeed(state, feed)
  redraw(state)
}

/** Requests one draw in the next frame. @param {Compared} state */
export function redraw(state) {
  state.frame ||= requestAnimationFrame(() => {
    state.frame = 0
    if (state.root.isConnected) drawCompare(state)
  })
}

/** @param {Compared} state */
const feedsOf = (state) => state.shown.flatMap((run) => state.feeds.get(run.id) ?? [])

/** @param {Compared} state */
function drawCompare(state) {
  const plots = state.data.keys.flatMap((key) => state.plots.get(key) ?? [])
  for (const plot of plots) plot.lines = memoLines(state, plot.key).filter((line) => !state.hidden.has(line.id))
  const x = state.zoom ?? rangeOfX(plots.flatMap((plot) => plot.lines))
  const inSight = plots.filter((plot) => plot.inSight)
  const complete = inSight.every(({ key }) => feedsOf(state).every((feed) => feed.next.has(key)))
  state.thin = !complete || performance.now() < (state.movingUntil ?? 0)
  for (const plot of inSight) drawPlot(state, plot, x)
  const curves = Math.max(...inSight.map((plot) => plot.lines.length), 0)
  const whole = curves > 0 && complete
  if (whole && !state.marked) state.marked = Boolean(performance.mark("galaxyscope.compare.whole"))
  Object.assign(state.root.dataset, { draws: ++state.draws, curves, whole, zoom: (state.zoom ?? []).join(",") })
  drawWords(state)
  pointAt(state, state.pointed ?? null, state.pointedIn ?? null)
}

/** Legend, notes and figures, which do not depend on the zoom. @param {Compared} state */
function drawWords(state) {
  const key = JSON.stringify([state.version, state.view, [...state.hidden], state.tint])
  if (key === state.worded) return
  state.worded = key
  drawLegend(state)
  drawNotes(state)
  drawScores(state)
}

/** Lines are recomputed when points, runs or settings change, but not when zooming. @param {Compared} state @param {string} key */
export function memoLines(state, key) {
  const { most: _, ...view } = state.view
  const inputs = JSON.stringify([state.version, view])
  const known = state.memo.get(key)
  if (known?.inputs === inputs) return known.lines
  const lines = linesOf(state, key).filter(hasValues)
  state.memo.set(key, { inputs, lines })
  return lines
}

/** @param {Compared} state @param {ComparePlot} plot @param {Range | null} x */
function drawPlot(state, plot, x) {
  const { key, lines } = plot, width = plot.plot.clientWidth, height = plot.plot.clientHeight
  plot.box.classList.toggle("empty", !lines.length || !x)
  plot.wait.textContent = lines.length ? "" : waitWords(state, key)
  plot.drawn = null
  if (!lines.length || !x || !width) return
  const log = isLoss(key) && state.view.log
  const references = referencesOf(state, key)
  const right = width > 380 && (lines.length <= 5 || references.length) ? Math.min(Math.round(width / 3.4), 128) : 12
  plot.drawn = { key, title: key, unitTitle: key, frame: frameOf(width, height, right), x, y: rangeOfY(lines, x, log, references), log, lines, references,
    thin: state.thin, axisTitle: X_AXES[state.view.x].title, endWords: ({ title }) => title }
  drawChart(plot.canvas, plot.drawn, state.tint)
  plot.plot.setAttribute("aria-label", describePanel(plot.drawn))
}

/** @param {Compared} state @param {string} key */
function waitWords(state, key) {
  const feeds = feedsOf(state)
  if (feeds.some((feed) => feed.lost)) return "The server is not responding; retrying…"
  if (feeds.some((feed) => TERMINAL.has(feed.state) && !feed.whole.has(key))) return ""
  if (state.view.x === "flops" && feeds.some((feed) => feed.points.has(key))) return "The FLOPs of these runs are unknown."
  return feeds.every((feed) => TERMINAL.has(feed.state)) ? "None of these runs recorded this metric." : "Waiting for the first point."
}

/** @param {Compared} state */
const zoomPlaceOf = (state) => `galaxyscope.compare.${state.view.x}.${state.shown.map((run) => run.id).join()}`

/** @param {Compared} state @param {Range | null} range */
function setZoom(state, range) {
  state.zoom = range
  remember(zoomPlaceOf(state), range)
  state.unzoom.hidden = range === null
  redraw(state)
}

/** Restores the zoom of this tab for these runs and this axis. @param {Compared} state */
function readZoom(state) {
  const place = zoomPlaceOf(state)
  if (place === state.zoomPlace) return
  state.zoomPlace = place
  state.zoom = recall(place, null)
}
