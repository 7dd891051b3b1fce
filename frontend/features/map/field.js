// Points in the plane: a spatial index for hit tests, and the view transform. Map coordinates have y upwards.

import { clamp } from "../../ui/kit/format.js"

/** @import { Field, Pane, Size, View } from "./state.d.ts" */

/** @param {Pane} pane @returns {pane is import("./state.d.ts").Placed} */
export const hasPoints = (pane) => pane.field !== null

const CELLS_A_POINT = 0.25
const MARGIN = 1.08

/** `flat` holds N values of x, then N of y. Points are sorted into square cells for fast hit tests. @param {Float32Array} flat */
export function makeField(flat) {
  const n = flat.length / 2
  const points = { n, x: flat.subarray(0, n), y: flat.subarray(n) }, box = boundsOf(points)
  return { ...points, box, ...indexOf({ ...points, box }) }
}

/** @param {Pick<Field, "n" | "x" | "y">} points */
function boundsOf({ x, y, n }) {
  const box = { x0: Infinity, x1: -Infinity, y0: Infinity, y1: -Infinity }
  for (let i = 0; i < n; i++) {
    if (x[i] < box.x0) box.x0 = x[i]
    if (x[i] > box.x1) box.x1 = x[i]
    if (y[i] < box.y0) box.y0 = y[i]
    if (y[i] > box.y1) box.y1 = y[i]
  }
  return box
}

/** @param {Pick<Field, "n" | "x" | "y" | "box">} points */
function indexOf({ x, y, n, box }) {
  const extent = Math.max(box.x1 - box.x0, box.y1 - box.y0) || 1
  const side = clamp(Math.round(Math.sqrt(n * CELLS_A_POINT)), 1, 512)
  const cell = extent / side
  const start = new Uint32Array(side * side + 1), items = new Uint32Array(n), cellOf = new Uint32Array(n)
  for (let i = 0; i < n; i++) {
    const column = Math.min(Math.floor((x[i] - box.x0) / cell), side - 1), row = Math.min(Math.floor((y[i] - box.y0) / cell), side - 1)
    start[(cellOf[i] = row * side + column) + 1]++
  }
  for (let c = 0; c < side * side; c++) start[c + 1] += start[c]
  const next = start.slice(0, -1)
  for (let i = 0; i < n; i++) items[next[cellOf[i]]++] = i
  return { side, cell, start, items }
}

/** Calls `visit(i)` for every point in the cells that overlap a box.
 * @param {Field} field
 * @param {number} x0
 * @param {number} y0
 * @param {number} x1
 * @param {number} y1
 * @param {(i: number) => void} visit
 */
function visitBox(field, x0, y0, x1, y1, visit) {
  const place = (/** @type {number} */ value, /** @type {number} */ from) => clamp(Math.floor((value - from) / field.cell), 0, field.side - 1)
  const [left, right] = [place(x0, field.box.x0), place(x1, field.box.x0)]
  for (let row = place(y0, field.box.y0); row <= place(y1, field.box.y0); row++) {
    const end = field.start[row * field.side + right + 1]
    for (let k = field.start[row * field.side + left]; k < end; k++) visit(field.items[k])
  }
}

/** The visible point nearest to (x, y) within `reach`, or −1.
 * @param {Field} field
 * @param {number} x
 * @param {number} y
 * @param {number} reach
 * @param {(i: number) => boolean} isShown
 */
export function nearestPoint(field, x, y, reach, isShown) {
  let best = -1, least = reach * reach
  visitBox(field, x - reach, y - reach, x + reach, y + reach, (i) => {
    const far = (field.x[i] - x) ** 2 + (field.y[i] - y) ** 2
    if (far <= least && isShown(i)) { best = i; least = far }
  })
  return best
}

/** The visible points inside a polygon [x, y, x, y, …], sorted, by the even–odd rule.
 * @param {Field} field
 * @param {number[]} line
 * @param {(i: number) => boolean} isShown
 */
export function pointsInside(field, line, isShown) {
  const xs = line.filter((_, k) => k % 2 === 0), ys = line.filter((_, k) => k % 2 === 1)
  /** @type {number[]} */
  const found = []
  visitBox(field, Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys), (i) => {
    if (isShown(i) && isInside(xs, ys, field.x[i], field.y[i])) found.push(i)
  })
  return found.sort((a, b) => a - b)
}

/** @param {number[]} xs @param {number[]} ys @param {number} x @param {number} y */
function isInside(xs, ys, x, y) {
  let inside = false
  for (let k = 0, j = xs.length - 1; k < xs.length; j = k++) {
    if (ys[k] > y !== ys[j] > y && x < ((xs[j] - xs[k]) * (y - ys[k])) / (ys[j] - ys[k]) + xs[k]) inside = !inside
  }
  return inside
}

/** A view is the map point at the centre of the canvas and the width of the canvas in map units.
 * @param {Field} field
 * @param {Size} size
 * @returns {View}
 */
export function homeView({ box }, { width, height }) {
  const w = Math.max(box.x1 - box.x0, ((box.y1 - box.y0) * width) / height) || 1
  return { x: (box.x0 + box.x1) / 2, y: (box.y0 + box.y1) / 2, w: w * MARGIN }
}

/** @param {View} view @param {Size} size */
export const scaleOf = (view, size) => size.width / view.w
/** @param {View} view @param {Size} size @param {number} x @param {number} y */
export const toScreen = (view, size, x, y) => [(x - view.x) * scaleOf(view, size) + size.width / 2, size.height / 2 - (y - view.y) * scaleOf(view, size)]
/** @param {View} view @param {Size} size @param {number} px @param {number} py */
export const toMap = (view, size, px, py) => [view.x + (px - size.width / 2) / scaleOf(view, size), view.y - (py - size.height / 2) / scaleOf(view, size)]

/** The view zoomed by `factor` around (px, py).
 * @param {View} view
 * @param {Size} size
 * @param {number} px
 * @param {number} py
 * @param {number} factor
 * @param {View} home
 */
export function zoomedAt(view, size, px, py, factor, home) {
  const w = clamp(view.w / factor, home.w / 2000, home.w * 4)
  const [x, y] = toMap(view, size, px, py)
  const share = w / view.w
  return { x: x + (view.x - x) * share, y: y + (view.y - y) * share, w }
}

/** @param {View} view */
export const writeView = ({ x, y, w }) => [x, y, w].map((value) => Number(value.toPrecision(5))).join(",")

/** @param {string | null} text */
export function readView(text) {
  const [x, y, w] = (text ?? "").split(",").map(Number)
  return [x, y, w].every(Number.isFinite) && w > 0 ? { x, y, w } : null
}
