// The learning rate over epochs, with warm-up and peak.

import { roundUp } from "../../ui/charts/axes.js"
import { chartStore, svg, tick } from "../../ui/charts/svg_chart.js"
import { makeStore } from "../../ui/kit/component.js"
import { el, find } from "../../ui/kit/dom.js"
import { digits } from "../../ui/kit/format.js"

/** @import { Chart } from "../../ui/charts/svg_chart.js" */
/** @import { Mounting } from "../../ui/kit/mount.d.ts" */
/** @typedef {{ epochs: number, warmup: number, peak: number, last: number, points: [epoch: number, lr: number][] }} Schedule */

/** @type {ReturnType<typeof makeStore<Chart<{ schedule: Schedule | null }>>>} */
const lrCurves = makeStore()
const HEIGHT = 168
const LETTER = 6.4 // approximate width of a letter of the label
const MARGIN = { top: 22, right: 14, bottom: 34, left: 62 }

/** @param {Mounting<Schedule | null>} mounting null keeps the last schedule, dimmed */
export default function ({ data, parentElement }) {
  const root = find(parentElement, ".gx-lr_curve")
  const state = lrCurves(parentElement, () => chartStore(root, ({ schedule }, width) =>
    schedule ? chart(schedule, width) : el("p", { class: "gx-soft" }, "The schedule appears once all fields are valid.")))
  root.classList.toggle("stale", !data)
  state.data = { schedule: data ?? state.data?.schedule ?? null }
  state.draw()
  return () => state.resize.disconnect()
}

/** @param {Schedule} schedule @param {number} width */
function chart({ epochs, warmup, peak, last, points }, width) {
  const x = (/** @type {number} */ epoch) => MARGIN.left + (epoch / epochs) * (width - MARGIN.left - MARGIN.right)
  const y = (/** @type {number} */ lr) => HEIGHT - MARGIN.bottom - (lr / peak) * (HEIGHT - MARGIN.top - MARGIN.bottom)
  const words = `Learning rate: from 0 to ${short(peak)} over ${short(warmup)} epochs, then a cosine to ${short(last)} at epoch ${epochs}`
  const line = points.map(([epoch, lr], i) => `${i ? "L" : "M"}${x(epoch).toFixed(1)} ${y(lr).toFixed(1)}`).join("")
  const name = `peak ${short(peak)}${warmup ? `, warm-up ${short(warmup)} ${warmup === 1 ? "epoch" : "epochs"}` : ""}`
  const nameLeft = Math.min(x(warmup) + 8, width - MARGIN.right - LETTER * name.length)
  return svg("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, role: "img", "aria-label": words },
    warmup ? svg("rect", { class: "warmup", x: x(0), y: MARGIN.top, width: x(warmup) - x(0), height: y(0) - MARGIN.top }) : null,
    [0, peak / 2, peak].map((value) => [
      svg("line", { class: "grid", x1: x(0), x2: x(epochs), y1: y(value), y2: y(value) }),
      tick(short(value), x(0) - 8, y(value) + 4, "end")]),
    wholeEpochs(epochs, width).map((value) => tick(short(value), x(value), HEIGHT - MARGIN.bottom + 16)),
    tick("epoch", x(epochs), HEIGHT - 4, "end"), tick("lr", x(0) - 8, 12, "end"),
    svg("path", { class: "curve", d: line }),
    svg("circle", { class: "peak", cx: x(warmup), cy: y(peak), r: 3 }),
    tick(name, nameLeft, MARGIN.top - 8, "start", "name"))
}

/** @param {number} value */
const short = (value) => (value && Math.abs(value) < 1e-3 ? value.toExponential(2).replace(/\.?0+e/, "e") : digits(value))

/** Evenly spaced whole epochs, as many as fit. @param {number} epochs @param {number} width */
function wholeEpochs(epochs, width) {
  const room = Math.max(Math.floor((width - MARGIN.left) / 64), 2), step = Math.max(roundUp(epochs / room), 1)
  return Array.from({ length: Math.floor(epochs / step) + 1 }, (_, i) => i * step)
}
