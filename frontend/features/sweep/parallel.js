// A sweep over several axes: parallel coordinates with the objective as the last axis, lines coloured by objective.
// Dragging along an axis filters the settings, in the figure and in the table.

import { spaced } from "../../ui/charts/axes.js"
import { figure, plotOf, svg, titled } from "../../ui/charts/svg_chart.js"
import { isNumber } from "../../ui/kit/format.js"
import { axisScale, cividisAt, figureScale, figureTitle, meanRange, measured, settingWords } from "./scales.js"

/** @import { Axis, Objective, Scale, Setting, Sweep, Tick } from "./scales.js" */
/** @import { State } from "./sweep_results.js" */
/** @typedef {{ x: (axis: number) => number, y: (share: number) => number, gap: number }} Frame */

const PLOT = { height: 340, top: 46, right: 58, bottom: 18, left: 54 }

/** @param {State} state @param {Sweep} data @param {number} width */
export function sweepParallel(state, data, width) {
  const scale = figureScale({ ...data, references: [] })
  const plot = plotOf(width, PLOT, [0, data.axes.length]), { x, y } = plot, gap = x(1) - x(0)
  const places = data.axes.map((axis, i) => axisScale(axis, data.settings.map(({ values }) => values[i]), 6))
  const shareOf = (/** @type {Setting} */ { mean }) => (isNumber(mean) ? scale.at(mean) : null)
  state.shares = new Map(data.settings.map((one) => [one, [...sharesOf(one, places), shareOf(one)]]))
  const drawn = measured(data.settings).reverse(), [low, high] = meanRange(data)
  state.lines = new Map(drawn.map((one) => {
    const points = /** @type {[number, number][]} */ ([...sharesOf(one, places), scale.at(one.mean)].map((share, i) => [x(i), y(share)]))
    return [one, settingLine(state, data, one, points, high === low ? 1 : (one.mean - low) / (high - low))]
  }))
  const node = figure(plot, `Settings as lines over ${data.axes.map(({ field }) => field).join(", ")} and ${figureTitle(data)}. Best: ${settingWords(data, drawn[drawn.length - 1])}.`,
    svg("g", {}, [...state.lines.values()]),
    data.axes.map((axis, i) => parallelAxis(state, i, places[i].ticks, nameOf(axis), axis.text, { x, y, gap })),
    parallelAxis(state, data.axes.length, scale.ticks.map((value) => [scale.at(value), scale.words(value)]), titleOf(data.objective), figureTitle(data), { x, y, gap }))
  dimOthers(state)
  return node
}

/** @param {Setting} setting @param {Scale[]} places */
const sharesOf = ({ values, words }, places) => places.map(({ at }, i) => at(values[i], words[i]))

/** @param {State} state @param {Sweep} data @param {Setting} setting @param {[x: number, y: number][]} points @param {number} good a share */
function settingLine(state, data, setting, points, good) {
  const d = points.map(([x, y], i) => {
    if (!i) return `M${x} ${y}`
    const [fromX, fromY] = points[i - 1], middle = (fromX + x) / 2
    return `C${middle} ${fromY} ${middle} ${y} ${x} ${y}`
  }).join("")
  const early = setting.runs.length && setting.runs.every((run) => run.early)
  const line = titled(svg("g", { class: early ? "setting early" : "setting", style: `--shade: ${cividisAt(good, state.dark)}` },
    svg("path", { class: "reach", d }), svg("path", { class: "ink", d })), settingWords(data, setting))
  line.onmouseenter = () => point(state, setting)
  line.onmouseleave = () => point(state, null)
  return line
}

/** @param {State} state @param {number} i @param {Tick[]} ticks @param {string} name @param {string} note @param {Frame} frame */
function parallelAxis(state, i, ticks, name, note, { x, y, gap }) {
  const first = i === 0, last = i === state.brushes.length - 1, brush = state.brushes[i]
  const across = first ? x(i) - PLOT.left : last ? x(i) + PLOT.right : x(i)
  const marks = spaced(ticks, ([share]) => -y(share), () => 13)
  const hold = svg("rect", { class: "hold", x: x(i) - 16, width: 32, y: PLOT.top - 6, height: y(0) - PLOT.top + 12 })
  const node = svg("g", { class: "axis" },
    svg("line", { class: "rule", x1: x(i), x2: x(i), y1: y(0), y2: y(1) }),
    brush ? svg("rect", { class: "brush", x: x(i) - 7, width: 14, y: y(brush[1]), height: Math.max(y(brush[0]) - y(brush[1]), 2) }) : null,
    svg("text", { class: "name", x: across, y: 14, "text-anchor": first ? "start" : last ? "end" : "middle" }, svg("title", {}, note), fitted(name, gap)),
    marks.map(([share, words]) => svg("text", { class: "mark", x: x(i) + (last ? 9 : first ? -7 : 6), y: y(share) + (first || last ? 4 : -5), "text-anchor": first ? "end" : "start" }, words)),
    hold)
  hold.onpointerdown = (event) => {
    const top = node.ownerSVGElement?.getBoundingClientRect().top ?? 0 // read before each move redraws the figure
    beginBrush(state, i, event, (clientY) => 1 - (clientY - top - y(1)) / (y(0) - y(1)))
  }
  return node
}

/** @param {Axis} axis */
const nameOf = ({ label, log }) => `${label}${log ? " (log)" : ""}`
/** @param {Objective} objective */
const titleOf = ({ title, share }) => `${title.replace("linear probe ", "linear ").replace("reconstruction ", "")}${share ? ", %" : ""}`
/** @param {string} title @param {number} gap */
const fitted = (title, gap) => (title.length * 6.6 > gap ? `${title.slice(0, Math.max(Math.floor(gap / 6.6) - 1, 4))}…` : title)

/** @param {State} state @param {number} i @param {PointerEvent} event @param {(clientY: number) => number} shareAt */
function beginBrush(state, i, event, shareAt) {
  event.preventDefault()
  const from = shareAt(event.clientY)
  const move = (/** @type {PointerEvent} */ later) => {
    const to = shareAt(later.clientY)
    state.brushes[i] = Math.abs(to - from) < 0.015 ? null : [Math.max(Math.min(from, to), -0.02), Math.min(Math.max(from, to), 1.02)]
    state.redraw()
  }
  window.addEventListener("pointermove", move)
  window.addEventListener("pointerup", (later) => {
    window.removeEventListener("pointermove", move)
    move(later)
  }, { once: true })
}

/** Whether a setting passes all axis filters. @param {Pick<State, "shares" | "brushes">} state @param {Setting} setting */
export function isKept({ shares, brushes }, setting) {
  const own = shares.get(setting)
  return !own || brushes.every((brush, i) => {
    const share = own[i]
    return !brush || (share !== null && share >= brush[0] - 0.01 && share <= brush[1] + 0.01)
  })
}

/** Dims filtered lines and highlights the one under the pointer. @param {State} state */
function dimOthers(state) {
  for (const [setting, line] of state.lines) {
    line.classList.toggle("away", !isKept(state, setting))
    line.classList.toggle("pointed", state.pointed === setting)
  }
}

/** @param {State} state @param {Setting | null} setting */
export function point(state, setting) {
  state.pointed = setting
  dimOthers(state)
  for (const [one, row] of state.rows) row.classList.toggle("pointed", one === setting)
}
