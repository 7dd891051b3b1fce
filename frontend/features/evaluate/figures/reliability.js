// Reliability diagrams with the number of galaxies per bin, before and after temperature scaling.

import { across, chartComponent, columns, figure, inPercent, plotOf, rows, svg, tick, titled } from "../../../ui/charts/svg_chart.js"
import { el } from "../../../ui/kit/dom.js"
import { grouped, isNumber, percent } from "../../../ui/kit/format.js"

/** Figures by bin of equal width; null in a bin without galaxies.
 * @typedef {{ title: string, counts: number[], confidences: (number | null)[], accuracies: (number | null)[], ece: number }} Side
 */
/** @typedef {{ sides: Side[] }} Data */

const BOX = { height: 236, top: 44, right: 12, bottom: 62, left: 40 }

export default chartComponent("reliability", charts)

/** @param {Data} data @param {number} width */
function charts({ sides }, width) {
  const one = width < 520 ? width : (width - 24) / 2
  return el("div", { class: "pair" }, sides.map((side) => chart(side, one)))
}

/** @param {Side} side @param {number} width */
function chart({ title, counts, confidences, accuracies, ece }, width) {
  const plot = plotOf(width, BOX), { x, y } = plot
  const edge = (/** @type {number} */ i) => i / counts.length
  const filled = counts.flatMap((n, i) => {
    const right = accuracies[i], sure = confidences[i]
    return isNumber(right) && isNumber(sure) ? [{ n, low: edge(i), high: edge(i + 1), right, sure }] : []
  })
  const bars = filled.map(({ n, sure, right }) => `confidence ${percent(sure)}, accuracy ${percent(right)}, ${n} galaxies`).join("; ")
  return figure(plot, `${title}. ${bars}`,
    tick(title, 0, 12, "start", "name"), tick(`ECE ${percent(ece)}`, x(1), 12, "end", "strong"), rows(plot, [0, 0.5, 1], inPercent),
    svg("line", { class: "dashed", x1: x(0), y1: y(0), x2: x(1), y2: y(1) }),
    filled.map(({ n, low, high, right, sure }) => [
      titled(svg("rect", { class: "bar", x: x(low) + 1.5, width: x(high) - x(low) - 3, y: y(right), height: y(0) - y(right) }),
        `${grouped(n)} galaxies, confidence ${percent(sure)}, accuracy ${percent(right)}`),
      across(x(low) + 1.5, x(high) - 1.5, y(sure), "sure")]),
    counts.map((n, i) => tick(n ? grouped(n) : "·", x((edge(i) + edge(i + 1)) / 2), y(0) + 30)),
    columns(plot, [0, 0.5, 1], inPercent), tick("n", x(0) - 8, y(0) + 30, "end"), tick("accuracy, %", 0, BOX.top - 16, "start"),
    tick("confidence, %", x(0.5), BOX.height - 6))
}
