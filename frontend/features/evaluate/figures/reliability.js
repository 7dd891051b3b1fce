// Reliability diagrams with the number of galaxies per bin, before and after temperature scaling.

import { chartStore, inPercent, svg, tick } from "../../../ui/charts/svg_chart.js"
import { makeStore } from "../../../ui/kit/component.js"
import { el } from "../../../ui/kit/dom.js"
import { grouped, isNumber, percent } from "../../../ui/kit/format.js"

const reliabilities = makeStore()
const BOX = { height: 236, top: 44, right: 12, bottom: 62, left: 40 }

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".gx-reliability")
  const state = reliabilities(parentElement, () => chartStore(root, charts))
  state.data = data
  state.draw()
  return () => state.resize.disconnect()
}

function charts({ sides }, width) {
  const one = width < 520 ? width : (width - 24) / 2
  return el("div", { class: "pair" }, sides.map((side) => chart(side, one)))
}

function chart({ title, counts, confidences, accuracies, ece }, width) {
  const x = (share) => BOX.left + share * (width - BOX.left - BOX.right)
  const y = (share) => BOX.height - BOX.bottom - share * (BOX.height - BOX.top - BOX.bottom)
  const bins = counts.map((n, i) => ({ n, low: i / counts.length, high: (i + 1) / counts.length, sure: confidences[i], right: accuracies[i] }))
  const filled = bins.filter(({ right }) => isNumber(right))
  const bars = filled.map(({ n, sure, right }) => `confidence ${percent(sure)}, accuracy ${percent(right)}, ${n} galaxies`).join("; ")
  return svg("svg", { viewBox: `0 0 ${width} ${BOX.height}`, width, height: BOX.height, role: "img", "aria-label": `${title}. ${bars}` },
    svg("text", { class: "name", x: 0, y: 12 }, title), tick(`ECE ${percent(ece)}`, x(1), 12, "end", "strong"),
    [0, 0.5, 1].map((share) => [svg("line", { class: "grid", x1: x(0), x2: x(1), y1: y(share), y2: y(share) }), tick(inPercent(share), x(0) - 8, y(share) + 4, "end")]),
    svg("line", { class: "even", x1: x(0), y1: y(0), x2: x(1), y2: y(1) }),
    filled.map(({ n, low, high, right, sure }) => {
      const bar = svg("rect", { class: "bar", x: x(low) + 1.5, width: x(high) - x(low) - 3, y: y(right), height: y(0) - y(right) })
      bar.append(svg("title", {}, `${grouped(n)} galaxies, confidence ${percent(sure)}, accuracy ${percent(right)}`))
      return [bar, svg("line", { class: "sure", x1: x(low) + 1.5, x2: x(high) - 1.5, y1: y(sure), y2: y(sure) })]
    }),
    bins.map(({ n, low, high }) => tick(n ? grouped(n) : "·", x((low + high) / 2), y(0) + 28)),
    [0, 0.5, 1].map((share) => tick(inPercent(share), x(share), y(0) + 14)), tick("n", x(0) - 8, y(0) + 28, "end"), tick("accuracy, %", 0, BOX.top - 16, "start"),
    tick("confidence, %", x(0.5), BOX.height - 6))
}
