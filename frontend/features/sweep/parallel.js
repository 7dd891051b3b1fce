// A sweep over several axes: parallel coordinates with the objective as the last axis, lines coloured by objective.
// Dragging along an axis filters the settings, in the figure and in the table.

import { svg } from "../../ui/charts/svg_chart.js"
import { isNumber } from "../../ui/kit/format.js"
import { stackedTicks } from "./line.js"
import { axisScale, cividisAt, figureScale, figureTitle, settingWords } from "./scales.js"
import { redraw } from "./sweep_results.js"

const PLOT = { height: 340, top: 46, right: 58, bottom: 18, left: 54 }

export function sweepParallel(state, data, width) {
  const scale = figureScale({ ...data, references: [] })
  const gap = (width - PLOT.left - PLOT.right) / data.axes.length
  const x = (i) => PLOT.left + i * gap
  const y = (share) => PLOT.height - PLOT.bottom - share * (PLOT.height - PLOT.top - PLOT.bottom)
  const places = data.axes.map((axis, i) => axisScale(axis, data.settings.map(({ values }) => values[i]), 6))
  const shares = new Map(data.settings.map((one) => [one, sharesOf(one, places, scale)]))
  state.shares = shares
  const drawn = data.settings.filter(({ mean }) => isNumber(mean))
  const [low, high] = meanRange(data)
  const lines = [...drawn].reverse().map((one) => settingLine(state, data, one, { x, y, shares: shares.get(one), low, high }))
  const node = svg("svg", { viewBox: `0 0 ${width} ${PLOT.height}`, width, height: PLOT.height, role: "img", class: "parallel", "aria-label": `Settings as lines over ${data.axes.map(({ field }) => field).join(", ")} and ${figureTitle(data)}. Best: ${settingWords(data, drawn[0])}.` },
    svg("g", {}, lines),
    [...data.axes, null].map((axis, i) => parallelAxis(state, axis, i, { data, scale, places, x, y, gap })))
  state.lines = new Map([...drawn].reverse().map((one, i) => [one, lines[i]]))
  dimOthers(state)
  return node
}

function sharesOf(setting, places, scale) {
  return [...places.map(({ at }, i) => at(setting.values[i], setting.words[i])), isNumber(setting.mean) ? scale.at(setting.mean) : null]
}

/** [worst, best] mean. */
export function meanRange({ settings, objective }) {
  const means = settings.map(({ mean }) => mean).filter(isNumber)
  const ends = [Math.min(...means), Math.max(...means)]
  return objective.higher_is_better ? ends : ends.reverse()
}

function settingLine(state, data, setting, { x, y, shares, low, high }) {
  const points = shares.map((share, i) => [x(i), y(share)])
  const d = points.map(([px, py], i) => (i ? `C${(points[i - 1][0] + px) / 2} ${points[i - 1][1]} ${(points[i - 1][0] + px) / 2} ${py} ${px} ${py}` : `M${px} ${py}`)).join("")
  const good = high === low ? 1 : (setting.mean - low) / (high - low)
  const early = setting.runs.length && setting.runs.every((run) => run.early)
  const line = svg("g", { class: early ? "setting early" : "setting", style: `--shade: ${cividisAt(good, state.dark)}` }, svg("path", { class: "reach", d }), svg("path", { class: "ink", d }), svg("title", {}, settingWords(data, setting)))
  line.onmouseenter = () => point(state, setting)
  line.onmouseleave = () => point(state, null)
  return line
}

function parallelAxis(state, axis, i, { data, scale, places, x, y, gap }) {
  const ticks = axis ? places[i].ticks : scale.ticks.map((value) => [scale.at(value), scale.words(value)])
  const title = axis ? `${axis.label}${axis.log ? " (log)" : ""}` : data.objective.share ? `${shortTitle(data.objective)}, %` : shortTitle(data.objective)
  const last = i === data.axes.length
  const anchor = i === 0 ? "start" : last ? "end" : "middle"
  const across = i === 0 ? x(i) - PLOT.left : last ? x(i) + PLOT.right : x(i)
  const brush = state.brushes[i]
  const hold = svg("rect", { class: "hold", x: x(i) - 16, width: 32, y: PLOT.top - 6, height: y(0) - PLOT.top + 12 })
  const node = svg("g", { class: "axis" },
    svg("line", { class: "rule", x1: x(i), x2: x(i), y1: y(0), y2: y(1) }),
    brush ? svg("rect", { class: "brush", x: x(i) - 7, width: 14, y: y(brush[1]), height: Math.max(y(brush[0]) - y(brush[1]), 2) }) : null,
    svg("text", { class: "name", x: across, y: 14, "text-anchor": anchor }, svg("title", {}, axis?.text ?? figureTitle(data)), fitted(title, gap)),
    stackedTicks(ticks, y).map(([share, words]) => svg("text", { class: "mark", x: x(i) + (last ? 9 : i === 0 ? -7 : 6), y: y(share) + (i === 0 || last ? 4 : -5), "text-anchor": i === 0 ? "end" : "start" }, words)),
    hold)
  hold.onpointerdown = (event) => {
    const top = node.ownerSVGElement.getBoundingClientRect().top // read before each move redraws the figure
    beginBrush(state, i, event, (clientY) => 1 - (clientY - top - y(1)) / (y(0) - y(1)))
  }
  return node
}

const shortTitle = ({ title }) => title.replace("linear probe ", "linear ").replace("reconstruction ", "")
const fitted = (title, gap) => (title.length * 6.6 > gap ? `${title.slice(0, Math.max(Math.floor(gap / 6.6) - 1, 4))}…` : title)

function beginBrush(state, i, event, shareAt) {
  event.preventDefault()
  const from = shareAt(event.clientY)
  const move = (later) => {
    const to = shareAt(later.clientY)
    state.brushes[i] = Math.abs(to - from) < 0.015 ? null : [Math.max(Math.min(from, to), -0.02), Math.min(Math.max(from, to), 1.02)]
    redraw(state)
  }
  const end = (later) => {
    window.removeEventListener("pointermove", move)
    window.removeEventListener("pointerup", end)
    move(later)
  }
  window.addEventListener("pointermove", move)
  window.addEventListener("pointerup", end)
}

/** Whether a setting passes all axis filters. */
export function isKept(state, setting) {
  const shares = state.shares?.get(setting)
  return !shares || state.brushes.every((brush, i) => !brush || (shares[i] !== null && shares[i] >= brush[0] - 0.01 && shares[i] <= brush[1] + 0.01))
}

/** Dims filtered lines and highlights the one under the pointer. */
function dimOthers(state) {
  for (const [setting, line] of state.lines ?? []) {
    line.classList.toggle("away", !isKept(state, setting))
    line.classList.toggle("pointed", state.pointed === setting)
  }
}

export function point(state, setting) {
  state.pointed = setting
  dimOthers(state)
  for (const [one, row] of state.rows ?? []) row.classList.toggle("pointed", one === setting)
}
