// Validation accuracy by epoch, fine-tuned and from scratch: thin lines for seeds, thick lines for means.

import { readColours } from "../../../ui/charts/palette.js"
import { chartStore, endNames, inPercent, shareTicks, svg, tick } from "../../../ui/charts/svg_chart.js"
import { makeStore } from "../../../ui/kit/component.js"
import { percent } from "../../../ui/kit/format.js"

const learningCurves = makeStore()
const FRAME = { height: 260, top: 26, right: 92, bottom: 38, left: 40 }
const SIDE_KINDS = { "fine-tuned": "tuned", "from scratch": "scratch" }

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".gx-learning_curves")
  const state = learningCurves(parentElement, () => chartStore(root, learningChart))
  state.data = data
  const { series } = readColours(root)
  root.style.setProperty("--tuned", series[1])
  root.style.setProperty("--scratch", series[0])
  state.draw()
  return () => state.resize.disconnect()
}

function learningChart({ sides, epochs }, width) {
  const values = sides.flatMap(({ seeds }) => seeds.flatMap(({ points }) => points.map(([, share]) => share)))
  const ticks = shareTicks(Math.min(...values), Math.max(...values))
  const right = width - FRAME.right
  const x = (epoch) => FRAME.left + (epoch / epochs) * (right - FRAME.left)
  const y = (share) => FRAME.height - FRAME.bottom - ((share - ticks[0]) / (ticks.at(-1) - ticks[0])) * (FRAME.height - FRAME.top - FRAME.bottom)
  const path = (points) => points.map(([epoch, share], i) => `${i ? "L" : "M"}${x(epoch).toFixed(1)} ${y(share).toFixed(1)}`).join("")
  const every = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000].find((step) => (epochs / step) * 34 <= right - FRAME.left) ?? epochs
  const marks = Array.from({ length: Math.floor(epochs / every) + 1 }, (_, i) => i * every)
  const ends = sides.filter(({ mean }) => mean.length).map(({ name, mean }) => ({ word: name, kind: SIDE_KINDS[name], x: x(mean.at(-1)[0]) + 8, y: y(mean.at(-1)[1]) }))
  return svg("svg", { viewBox: `0 0 ${width} ${FRAME.height}`, width, height: FRAME.height, role: "img", "aria-label": curveWords(sides) },
    tick("validation accuracy, %", 0, 10, "start"),
    ticks.map((share) => [svg("line", { class: "grid", x1: FRAME.left, x2: right, y1: y(share), y2: y(share) }), tick(inPercent(share), FRAME.left - 8, y(share) + 4, "end")]),
    marks.map((epoch) => tick(String(epoch), x(epoch), FRAME.height - FRAME.bottom + 16)),
    tick("epoch", (FRAME.left + right) / 2, FRAME.height - 4),
    sides.map(({ name, seeds, mean }) => [
      seeds.map((seed) => titled(svg("path", { class: `each ${SIDE_KINDS[name]}`, d: path(seed.points) }), `${name}, ${seed.name}: ${percent(seed.points.at(-1)[1])} at the end`)),
      svg("path", { class: `mean ${SIDE_KINDS[name]}`, d: path(mean) })]),
    endNames(ends, FRAME.top, FRAME.height - FRAME.bottom))
}

function titled(node, words) {
  node.append(svg("title", {}, words))
  return node
}

function curveWords(sides) {
  const words = sides.map(({ name, seeds, mean }) => `${name}, ${seeds.length} seed${seeds.length === 1 ? "" : "s"}: ${percent(mean.at(-1)?.[1] ?? 0)} at epoch ${mean.at(-1)?.[0] ?? 0}`)
  return `Validation accuracy by epoch. ${words.join("; ")}.`
}
