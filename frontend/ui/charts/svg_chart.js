// Small charts in SVG: their mounting, places of values, axes, and non-overlapping labels.

import { makeStore } from "../kit/component.js"
import { el, exists, find } from "../kit/dom.js"
import { svg } from "../kit/svg.js"
import { showSeries } from "./palette.js"
import { pushApart } from "./panel.js"

export { svg }

/** @import { Mounting } from "../kit/mount.d.ts" */
/** @import { Part } from "../kit/svg.js" */
/** @typedef {{ word: string, kind: string, x: number, y: number }} EndName */
/** @typedef {(value: number) => number} Scale */
/** @typedef {{ height: number, top: number, right: number, bottom: number, left: number }} Margins and the height, in px */
/** The edges of a plot in px, and the places of values.
 * @typedef {{ width: number, height: number, left: number, right: number, top: number, foot: number, x: Scale, y: Scale }} Plot
 */

/** The state of a chart; `draw` does nothing if neither width nor data have changed.
 * @template Data
 * @typedef {{ data: Data | null, drawn: string, draw: () => void, resize: ResizeObserver }} Chart
 */

/** @typedef {(name: string, value: unknown) => void} Send reports to the script */

/** The mount function of a chart that is drawn again when its width or data change; null keeps the last data, dimmed.
 * @template Data
 * @param {string} name of the component
 * @param {(data: Data, width: number, send: Send) => Node | (Node | null)[]} render
 * @param {string} before words until there are data
 */
export function chartComponent(name, render, before = "") {
  /** @type {ReturnType<typeof makeStore<Chart<Data> & { send?: Send }>>} */
  const charts = makeStore()
  return (/** @type {Mounting<Data | null>} */ { data, parentElement, setTriggerValue }) => {
    const root = find(parentElement, `.gx-${name}`)
    const state = charts(parentElement, () => chartStore(root, (known, width) => render(known, width, (sent, value) => state.send?.(sent, value))))
    Object.assign(state, { data: data ?? state.data, send: setTriggerValue })
    root.classList.toggle("stale", !data)
    if (!state.data) root.replaceChildren(el("p", { class: "gx-soft" }, before))
    showSeries(root)
    state.draw()
    state.resize.observe(root)
    return () => state.resize.disconnect()
  }
}

/** Component state that redraws when width or data change.
 * @template Data
 * @param {HTMLElement} root
 * @param {(data: Data, width: number) => Node | (Node | null)[]} render
 * @returns {Chart<Data>}
 */
export function chartStore(root, render) {
  const draw = () => {
    const width = root.clientWidth
    const drawn = JSON.stringify([width, state.data])
    if (!width || !state.data || drawn === state.drawn) return
    state.drawn = drawn
    root.replaceChildren(...[render(state.data, width)].flat().filter(exists))
  }
  /** @type {Chart<Data>} */
  const state = { data: null, drawn: "", draw, resize: new ResizeObserver(draw) }
  return state
}

/** A plot of that width with margins; `x` and `y` are the values at its edges.
 * @param {number} width
 * @param {Margins} margins
 * @returns {Plot}
 */
export function plotOf(width, { height, top, right, bottom, left }, x = [0, 1], y = [0, 1]) {
  const end = width - right, foot = height - bottom
  return {
    width, height, left, right: end, top, foot,
    x: (value) => left + ((value - x[0]) / (x[1] - x[0])) * (end - left),
    y: (value) => foot - ((value - y[0]) / (y[1] - y[0])) * (foot - top),
  }
}

/** A chart, with words for who does not see it.
 * @param {Pick<Plot, "width" | "height">} size
 * @param {string} words
 * @param {Part[]} parts
 */
export const figure = ({ width, height }, words, ...parts) =>
  svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": words }, ...parts)

/** Grid lines, with their values on the left.
 * @param {Plot} plot @param {number[]} values @param {(value: number) => string} words
 */
export const rows = ({ left, right, y }, values, words) =>
  values.map((value) => [across(left, right, y(value)), tick(words(value), left - 8, y(value) + 4, "end")])

/** Values below the plot.
 * @param {Plot} plot @param {number[]} values @param {(value: number) => string} words
 */
export const columns = ({ x, foot }, values, words) => values.map((value) => tick(words(value), x(value), foot + 16))

/** @param {string} words @param {number} x @param {number} y */
export const tick = (words, x, y, anchor = "middle", kind = "tick") => svg("text", { class: kind, x, y, "text-anchor": anchor }, words)

/** A node with words that the browser shows at the pointer.
 * @template {SVGElement} Drawn
 * @param {Drawn} node
 * @param {string} words
 */
export function titled(node, words) {
  node.append(svg("title", {}, words))
  return node
}

/** A horizontal line.
 * @param {number} x1
 * @param {number} x2
 * @param {number} y
 */
export const across = (x1, x2, y, kind = "grid") => svg("line", { class: kind, x1, x2, y1: y, y2: y })

/** The path through points.
 * @param {[x: number, y: number][]} points
 */
export const pathThrough = (points) => points.map(([x, y], i) => `${i ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("")

/** At most six round shares from below `low` to above `high`.
 * @param {number} low
 * @param {number} high
 */
export function shareTicks(low, high) {
  const step = [0.02, 0.05, 0.1, 0.2, 0.25].find((one) => Math.ceil(high / one) - Math.floor(low / one) <= 5) ?? 0.25
  const first = Math.max(Math.floor(low / step + 1e-9), 0), last = Math.min(Math.ceil(high / step - 1e-9), Math.round(1 / step))
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toFixed(4)))
}

/** @param {number} share */
export const inPercent = (share) => `${Number((100 * share).toFixed(1))}`

/** Labels at the right ends of lines, moved apart if they overlap.
 * @param {EndName[]} ends
 * @param {number} top
 * @param {number} bottom
 */
export function endNames(ends, top, bottom) {
  const placed = ends.map((end) => ({ ...end, at: end.y })).sort((one, other) => one.at - other.at)
  pushApart(placed, 13, top, bottom)
  return placed.map(({ word, kind, x, at }) => tick(word, x + 8, at + 4, "start", kind))
}
