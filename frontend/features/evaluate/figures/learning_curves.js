// Validation accuracy by epoch, fine-tuned and from scratch: thin lines for seeds, thick lines for means.

import { chartComponent, columns, endNames, figure, inPercent, pathThrough, plotOf, rows, shareTicks, svg, tick, titled } from "../../../ui/charts/svg_chart.js"
import { percent, plural } from "../../../ui/kit/format.js"

/** @typedef {[epoch: number, share: number]} Place */
/** @typedef {{ name: "fine-tuned" | "from scratch", seeds: { name: string, points: Place[] }[], mean: Place[] }} Side */
/** @typedef {{ epochs: number, sides: Side[] }} Data */

const FRAME = { height: 260, top: 26, right: 92, bottom: 38, left: 40 }
const SIDE_KINDS = { "fine-tuned": "tuned", "from scratch": "scratch" }

export default chartComponent("learning_curves", learningChart)

/** @param {Data} data @param {number} width */
function learningChart({ sides, epochs }, width) {
  const values = sides.flatMap(({ seeds }) => seeds.flatMap(({ points }) => points.map(([, share]) => share)))
  const ticks = shareTicks(Math.min(...values), Math.max(...values))
  const plot = plotOf(width, FRAME, [0, epochs], [ticks[0], ticks[ticks.length - 1]]), { left, right, x, y } = plot
  const path = (/** @type {Place[]} */ points) => pathThrough(points.map(([epoch, share]) => [x(epoch), y(share)]))
  const every = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000].find((step) => (epochs / step) * 34 <= right - left) ?? epochs
  const marks = Array.from({ length: Math.floor(epochs / every) + 1 }, (_, i) => i * every)
  const ends = sides.flatMap(({ name, mean }) =>
    mean.slice(-1).map(([epoch, share]) => ({ word: name, kind: SIDE_KINDS[name], x: x(epoch), y: y(share) })))
  return figure(plot, curveWords(sides),
    tick("validation accuracy, %", 0, 10, "start"), rows(plot, ticks, inPercent), columns(plot, marks, String),
    tick("epoch", (left + right) / 2, FRAME.height - 4),
    sides.map(({ name, seeds, mean }) => [
      ...seeds.map((seed) => titled(svg("path", { class: `each ${SIDE_KINDS[name]}`, d: path(seed.points) }),
        `${name}, ${seed.name}: ${percent(seed.points[seed.points.length - 1][1])} at the end`)),
      svg("path", { class: `mean ${SIDE_KINDS[name]}`, d: path(mean) })]),
    endNames(ends, FRAME.top, plot.foot))
}

/** @param {Side[]} sides */
function curveWords(sides) {
  const words = sides.map(({ name, seeds, mean }) =>
    `${name}, ${plural(seeds.length, "seed")}: ${percent(mean.at(-1)?.[1] ?? 0)} at epoch ${mean.at(-1)?.[0] ?? 0}`)
  return `Validation accuracy by epoch. ${words.join("; ")}.`
}
