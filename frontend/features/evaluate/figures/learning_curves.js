// Validation accuracy by epoch, fine-tuned and from scratch: thin lines for seeds, thick lines for means.

import { readColours } from "../../../ui/charts/palette.js"
import { across, chartStore, endNames, inPercent, pathThrough, shareTicks, svg, tick, titled } from "../../../ui/charts/svg_chart.js"
import { makeStore } from "../../../ui/kit/component.js"
import { find } from "../../../ui/kit/dom.js"
import { percent, plural } from "../../../ui/kit/format.js"

/** @typedef {[epoch: number, share: number]} Place */
/** @typedef {{ name: "fine-tuned" | "from scratch", seeds: { name: string, points: Place[] }[], mean: Place[] }} Side */
/** @typedef {{ epochs: number, sides: Side[] }} Data */

/** @type {ReturnType<typeof makeStore<import("../../../ui/charts/svg_chart.js").Chart<Data>>>} */
const learningCurves = makeStore()
const FRAME = { height: 260, top: 26, right: 92, bottom: 38, left: 40 }
const SIDE_KINDS = { "fine-tuned": "tuned", "from scratch": "scratch" }

/** @param {import("../../../ui/kit/mount.d.ts").Mounting<Data>} mounting */
export default function ({ data, parentElement }) {
  const root = find(parentElement, ".gx-learning_curves")
  const state = learningCurves(parentElement, () => chartStore(root, learningChart))
  state.data = data
  const { series } = readColours(root)
  root.style.setProperty("--tuned", series[1])
  root.style.setProperty("--scratch", series[0])
  state.draw()
  return () => state.resize.disconnect()
}

/** @param {Data} data @param {number} width */
function learningChart({ sides, epochs }, width) {
  const values = sides.flatMap(({ seeds }) => seeds.flatMap(({ points }) => points.map(([, share]) => share)))
  const ticks = shareTicks(Math.min(...values), Math.max(...values)), top = ticks[ticks.length - 1]
  const right = width - FRAME.right, bottom = FRAME.height - FRAME.bottom
  const x = (/** @type {number} */ epoch) => FRAME.left + (epoch / epochs) * (right - FRAME.left)
  const y = (/** @type {number} */ share) => bottom - ((share - ticks[0]) / (top - ticks[0])) * (bottom - FRAME.top)
  const path = (/** @type {Place[]} */ points) => pathThrough(points.map(([epoch, share]) => [x(epoch), y(share)]))
  const every = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000].find((step) => (epochs / step) * 34 <= right - FRAME.left) ?? epochs
  const marks = Array.from({ length: Math.floor(epochs / every) + 1 }, (_, i) => i * every)
  const ends = sides.flatMap(({ name, mean }) =>
    mean.slice(-1).map(([epoch, share]) => ({ word: name, kind: SIDE_KINDS[name], x: x(epoch) + 8, y: y(share) })))
  return svg("svg", { viewBox: `0 0 ${width} ${FRAME.height}`, width, height: FRAME.height, role: "img", "aria-label": curveWords(sides) },
    tick("validation accuracy, %", 0, 10, "start"),
    ticks.map((share) => [across(FRAME.left, right, y(share)), tick(inPercent(share), FRAME.left - 8, y(share) + 4, "end")]),
    marks.map((epoch) => tick(String(epoch), x(epoch), bottom + 16)),
    tick("epoch", (FRAME.left + right) / 2, FRAME.height - 4),
    sides.map(({ name, seeds, mean }) => [
      ...seeds.map((seed) => titled(svg("path", { class: `each ${SIDE_KINDS[name]}`, d: path(seed.points) }),
        `${name}, ${seed.name}: ${percent(seed.points[seed.points.length - 1][1])} at the end`)),
      svg("path", { class: `mean ${SIDE_KINDS[name]}`, d: path(mean) })]),
    endNames(ends, FRAME.top, bottom))
}

/** @param {Side[]} sides */
function curveWords(sides) {
  const words = sides.map(({ name, seeds, mean }) =>
    `${name}, ${plural(seeds.length, "seed")}: ${percent(mean.at(-1)?.[1] ?? 0)} at epoch ${mean.at(-1)?.[0] ?? 0}`)
  return `Validation accuracy by epoch. ${words.join("; ")}.`
}
