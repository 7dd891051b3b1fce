// The learning rate over epochs, with warm-up and peak.

import { roundUp } from "../../ui/charts/axes.js"
import { chartComponent, columns, figure, pathThrough, plotOf, rows, svg, tick } from "../../ui/charts/svg_chart.js"
import { digits } from "../../ui/kit/format.js"

/** @typedef {{ epochs: number, warmup: number, peak: number, last: number, points: [epoch: number, lr: number][] }} Schedule */

const LETTER = 6.4 // approximate width of a letter of the label
const BOX = { height: 168, top: 22, right: 14, bottom: 34, left: 62 }

export default chartComponent("lr_curve", chart, "The schedule appears once all fields are valid.")

/** @param {Schedule} schedule @param {number} width */
function chart({ epochs, warmup, peak, last, points }, width) {
  const plot = plotOf(width, BOX, [0, epochs], [0, peak]), { x, y } = plot
  const words = `Learning rate: from 0 to ${short(peak)} over ${short(warmup)} epochs, then a cosine to ${short(last)} at epoch ${epochs}`
  const name = `peak ${short(peak)}${warmup ? `, warm-up ${short(warmup)} ${warmup === 1 ? "epoch" : "epochs"}` : ""}`
  const nameLeft = Math.min(x(warmup) + 8, plot.right - LETTER * name.length)
  return figure(plot, words,
    warmup ? svg("rect", { class: "warmup", x: x(0), y: BOX.top, width: x(warmup) - x(0), height: y(0) - BOX.top }) : null,
    rows(plot, [0, peak / 2, peak], short), columns(plot, wholeEpochs(epochs, width), short),
    tick("epoch", x(epochs), BOX.height - 4, "end"), tick("lr", x(0) - 8, 12, "end"),
    svg("path", { class: "curve", d: pathThrough(points.map(([epoch, lr]) => [x(epoch), y(lr)])) }),
    svg("circle", { class: "peak", cx: x(warmup), cy: y(peak), r: 3 }),
    tick(name, nameLeft, BOX.top - 8, "start", "name"))
}

/** @param {number} value */
const short = (value) => (value && Math.abs(value) < 1e-3 ? value.toExponential(2).replace(/\.?0+e/, "e") : digits(value))

/** Evenly spaced whole epochs, as many as fit. @param {number} epochs @param {number} width */
function wholeEpochs(epochs, width) {
  const room = Math.max(Math.floor((width - BOX.left) / 64), 2), step = Math.max(roundUp(epochs / room), 1)
  return Array.from({ length: Math.floor(epochs / step) + 1 }, (_, i) => i * step)
}
