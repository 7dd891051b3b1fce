// Panels, lines and labels of the curves, drawn by Plotly as SVG.

import { AXES, firstTime, smooth, valueAt } from "../../ui/charts/curves_data.js"
import { API } from "../../ui/kit/api.js"
import { el } from "../../ui/kit/dom.js"
import { grouped, isNumber } from "../../ui/kit/format.js"
import { hasTrait, probedBySgd } from "../../ui/kit/run.js"

const OKABE_ITO = {
  dark: { blue: "#56B4E9", orange: "#E69F00", green: "#2FB78F", purple: "#CC79A7" },
  light: { blue: "#0072B2", orange: "#B85400", green: "#00785A", purple: "#9C4A78" },
}
const asPercent = (v) => `${(100 * v).toFixed(1)} %`
const asSmall = (v) => (v === 0 ? "0" : Math.abs(v) < 0.001 ? v.toExponential(2) : Number(v.toPrecision(3)).toString())
export const REFERENCE_NAMES = { random_init: "random init", raw_pixel: "raw pixels", majority: "majority" }

export const SGD_NOTE = "linear probe: SGD alongside training; references: L-BFGS"
const LR_PANEL = { key: "lr", title: "Learning rate", note: "", form: asSmall, lines: [
  { name: "lr", metric: "train/lr", colour: "purple" }] }
const SPEED_PANEL = { key: "speed", title: "Images/s", note: "training", form: (v) => grouped(v), lines: [
  { name: "images/s", metric: "train/images_per_s", colour: "green", noisy: true }] }
const LOSS_LINES = [
  { name: "train", metric: "train/loss", colour: "blue", noisy: true },
  { name: "validation", metric: "val/loss", colour: "orange" }]
const ACCURACY_PANEL = { key: "accuracy", title: "Accuracy", large: true, form: asPercent, share: true }

const PRETRAIN_PANELS = [
  { key: "loss", title: "Loss", note: "on hidden patches", large: true, form: asSmall, lines: LOSS_LINES },
  { ...ACCURACY_PANEL, note: "probes on frozen features, validation", lines: [
    { name: "linear", share_of: "val/linear_", colour: "blue" },
    { name: "k-NN", share_of: "val/knn_", colour: "orange" }] },
  { key: "rank", title: "RankMe", note: "effective rank of the features", form: asSmall, lines: [
    { name: "rank", metric: "val/rankme", colour: "green" }] },
  LR_PANEL, SPEED_PANEL,
  { key: "where", title: "Loss by region", note: "share of the total", form: asPercent, share: true, lines: [
    { name: "centre", metric: "val/centre_loss_share", colour: "blue" },
    { name: "sky", metric: "val/sky_loss_share", colour: "orange" }] },
]
const CLASSIFIER_PANELS = [
  { key: "loss", title: "Loss", note: "cross-entropy; training labels are smoothed and mixed", large: true, form: asSmall, lines: LOSS_LINES },
  { ...ACCURACY_PANEL, note: "encoder and head, validation", lines: [{ name: "classifier", share_of: "val/", colour: "blue" }] },
  LR_PANEL, SPEED_PANEL,
]
export const panelsOf = (kind) => (hasTrait(kind, "classifies") ? CLASSIFIER_PANELS : PRETRAIN_PANELS)

/** The lines of a panel: curves first, then the references of an accuracy. */
export function panelLines(panel, state, start) {
  const { axis, smoothing, balanced, hidden } = state.settings
  const lines = []
  for (const line of panel.lines) {
    const metric = line.share_of ? `${line.share_of}${balanced ? "balanced_" : ""}accuracy` : line.metric
    const held = state.points.get(metric)
    if (!held) continue
    const x = AXES[axis].of(held, start)
    const weight = line.noisy ? smoothing : 0
    const name = line.name === "linear" && probedBySgd(state.run) ? "linear, SGD" : line.name
    lines.push({ ...line, name, id: line.name, x, raw: held.value, y: smooth(held.value, weight), smoothed: weight > 0, hidden: hidden.has(`${panel.key}/${line.name}`) })
  }
  return panel.key === "accuracy" ? [...lines, ...referenceLines(state)] : lines
}

function referenceLines(state) {
  const { balanced, hidden } = state.settings
  const end = balanced ? "balanced_accuracy" : "accuracy"
  const references = [
    ["random_init", "linear", "blue", "dash"], ["random_init", "knn", "orange", "dash"],
    ["raw_pixel", "linear", "blue", "dot"], ["raw_pixel", "knn", "orange", "dot"], ["majority", null, null, "longdash"],
  ]
  return references.flatMap(([family, probe, colour, dash]) => {
    const value = state.run?.baselines[[family, probe, end].filter(Boolean).join("_")]
    if (!isNumber(value)) return []
    const name = REFERENCE_NAMES[family] + (probe ? ` · ${probe === "knn" ? "k-NN" : probe}` : "")
    return [{ name, id: family, reference: true, colour, dash, x: [-Infinity], y: [value, value], hidden: hidden.has(`accuracy/${family}`) }]
  })
}

export function traces(lines, ranges, tint) {
  return lines.filter((line) => !line.hidden).flatMap((line) => {
    const color = line.colour ? tint.colours[line.colour] : tint.soft
    const base = { type: "scatter", x: line.x, hoverinfo: "skip", showlegend: false, connectgaps: false, cliponaxis: true }
    if (line.reference) return [{ ...base, x: ranges.x, y: line.y, mode: "lines", line: { color, width: 1, dash: line.dash }, opacity: 0.85 }]
    const few = line.x.length <= 60 && !line.noisy
    const main = { ...base, y: line.y, name: line.name, mode: few ? "lines+markers" : "lines", line: { color, width: 1.75 }, marker: { color, size: 5 } }
    return line.smoothed ? [{ ...base, y: line.raw, mode: "lines", line: { color, width: 1 }, opacity: 0.28 }, main] : [main]
  })
}

export function panelLayout(panel, size, ranges, tint, state) {
  const log = panel.key === "loss" && state.settings.log
  const axis = { gridcolor: tint.grid, gridwidth: 1, zeroline: false, linecolor: tint.grid, tickfont: { size: 11, color: tint.soft }, automargin: false }
  return {
    ...(panel.key === "accuracy" ? stopMark(state, ranges, tint) : {}),
    datarevision: state.revision, // the arrays grow in place, and Plotly compares them by identity
    width: size.width, height: size.height, autosize: false, showlegend: false, hovermode: false, dragmode: "zoom",
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { family: tint.font, size: 11, color: tint.soft },
    margin: { l: size.left, r: size.right, t: size.top, b: size.bottom, pad: 0 },
    xaxis: { ...axis, range: ranges.x, nticks: panel.large ? 8 : 4, title: { text: AXES[state.settings.axis].title, standoff: 4, font: { size: 11, color: tint.soft } } },
    yaxis: { ...axis, range: ranges.y, type: log ? "log" : "linear", fixedrange: true, nticks: panel.large ? 7 : 4,
      tickformat: panel.share ? ".0%" : panel.key === "lr" ? "~g" : log ? "~g" : "", exponentformat: "e", dtick: log && ranges.y[1] - ranges.y[0] > 0.8 ? "D2" : undefined },
  }
}

/** A dashed line where early stopping acted or would have acted. */
function stopMark(state, ranges, tint) {
  const x = placeOfStep(state)
  if (x === null) return { shapes: [], annotations: [] }
  const late = x > (ranges.x[0] + ranges.x[1]) / 2
  const text = `early stopping, patience ${state.verdict.patience}`
  return {
    shapes: [{ type: "line", x0: x, x1: x, yref: "paper", y0: 0, y1: 1, line: { color: tint.soft, width: 1, dash: "dash" } }],
    annotations: [{ x, yref: "paper", y: 1, yanchor: "bottom", xanchor: late ? "right" : "left", showarrow: false, text, font: { size: 10, color: tint.soft } }],
  }
}

/** The x at which early stopping acts, on the current axis; null if it does not or is unknown. */
function placeOfStep(state) {
  const held = state.points.get(state.verdict?.judged_by)
  const at = held?.step.indexOf(state.verdict.would_stop_at_step) ?? -1
  return at < 0 ? null : AXES[state.settings.axis].of(held, firstTime(state.points))[at]
}

/** Labels at the right ends of lines, moved apart if they overlap; none if there is no room. */
export function endLabels(panel, lines, ranges, size, tint, state) {
  if (!size.roomy) return []
  const log = panel.key === "loss" && state.settings.log
  const height = size.height - size.top - size.bottom
  const placed = lines.filter((line) => !line.hidden).flatMap((line) => {
    const value = line.reference ? line.y[0] : valueAt(line, ranges.x[1])
    if (value === null) return []
    const v = log ? Math.log10(value) : value
    const share = (v - ranges.y[0]) / (ranges.y[1] - ranges.y[0])
    return [{ line, value, top: size.top + (1 - share) * height }]
  }).sort((a, b) => a.top - b.top)
  spread(placed, 14, size.top, size.height - size.bottom)
  return placed.map(({ line, value, top }) => el("span", {
    class: line.reference ? "end reference" : "end",
    style: `top:${top.toFixed(1)}px;left:${size.width - size.right + 6}px;color:${line.colour ? tint.colours[line.colour] : tint.soft}`,
  }, `${line.name} ${panel.form(value)}`))
}

function spread(placed, gap, top, bottom) {
  for (let i = 1; i < placed.length; i++) placed[i].top = Math.max(placed[i].top, placed[i - 1].top + gap)
  let limit = bottom
  for (let i = placed.length - 1; i >= 0; i--) {
    placed[i].top = Math.max(Math.min(placed[i].top, limit), top)
    limit = placed[i].top - gap
  }
}

/** The colours of the current theme. */
export function readTint(root) {
  const style = getComputedStyle(root)
  const probe = (name) => style.getPropertyValue(name).trim()
  const [r, g, b] = hexToRgb(probe("--st-background-color"))
  const theme = 0.299 * r + 0.587 * g + 0.114 * b < 128 ? "dark" : "light"
  return { theme, colours: OKABE_ITO[theme], soft: probe("--st-gray-text-color"), grid: probe("--st-border-color"), font: probe("--st-font") }
}

function hexToRgb(hex) {
  const n = parseInt(hex.slice(1, 7), 16)
  return [n >> 16, (n >> 8) & 255, n & 255]
}

let plotly

/** Loads plotly.js from this server, once per page. Rejects with TypeError without a connection. */
export function loadPlotly() {
  return (plotly ??= new Promise((resolve, reject) => {
    const script = document.createElement("script")
    script.src = `${API}/vendor/plotly.min.js`
    script.onload = () => resolve(globalThis.Plotly)
    script.onerror = () => {
      plotly = undefined
      script.remove()
      reject(new TypeError("plotly.min.js did not load"))
    }
    document.head.append(script)
  }))
}
