// Helpers of small charts: SVG elements, ticks, and non-overlapping labels.

import { exists } from "../kit/dom.js"
import { svg } from "../kit/svg.js"

export { svg }

/** @typedef {{ word: string, kind: string, x: number, y: number }} EndName */

/** The state of a chart; `draw` does nothing if neither width nor data have changed.
 * @template Data
 * @typedef {{ root: HTMLElement, data: Data | null, drawn: string, draw: () => void, resize: ResizeObserver }} Chart
 */

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
  const placed = [...ends].sort((one, other) => one.y - other.y)
  for (let i = 1; i < placed.length; i++) placed[i].y = Math.max(placed[i].y, placed[i - 1].y + 13)
  const over = Math.max((placed.at(-1)?.y ?? 0) - bottom, 0)
  return placed.map(({ word, kind, x, y }) => tick(word, x, Math.max(y - over, top) + 4, "start", kind))
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
  const state = { root, data: null, drawn: "", draw, resize: new ResizeObserver(draw) }
  state.resize.observe(root)
  return state
}
