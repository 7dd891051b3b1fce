// Validation accuracy of a linear probe by encoder block, one line per pooling, with the chosen point marked.

import { across, chartComponent, columns, endNames, figure, inPercent, pathThrough, plotOf, rows, shareTicks, svg, tick, titled } from "../../../ui/charts/svg_chart.js"
import { percent } from "../../../ui/kit/format.js"

/** @import { Scale } from "../../../ui/charts/svg_chart.js" */
/** @typedef {{ name: string, points: [depth: number, share: number][] }} Line of one pooling */
/** @typedef {{ lines: Line[], chosen: { depth: number, pooling: string } | null, baselines: [name: string, share: number][], layers: number }} Data */

const CURVE = { height: 236, top: 26, right: 112, bottom: 36, left: 40 }
const KINDS = ["one", "two", "three"] // colour and shape

export default chartComponent("depth_curve", chart)

/** @param {Data} data @param {number} width */
function chart({ lines, chosen, baselines, layers }, width) {
  const values = [...lines.flatMap(({ points }) => points.map(([, share]) => share)), ...baselines.map(([, share]) => share)]
  const ticks = shareTicks(Math.min(...values), Math.max(...values)), edges = [1, Math.max(layers, 2)]
  const plot = plotOf(width, CURVE, edges, [ticks[0], ticks[ticks.length - 1]]), { right, left, x, y } = plot
  const blocks = Array.from({ length: layers }, (_, i) => i + 1)
  const every = Math.ceil((layers * 22) / Math.max(right - left, 22))
  const ends = [
    ...lines.map(({ name, points }, i) => {
      const [depth, share] = points[points.length - 1]
      return { word: name, kind: `strong ${KINDS[i]}`, x: x(depth), y: y(share) }
    }),
    ...baselines.map(([name, share]) => ({ word: name, kind: "tick", x: right, y: y(share) }))]
  return figure(plot, words({ lines, chosen, baselines }),
    tick("linear probe: validation accuracy, %", 0, 10, "start"), rows(plot, ticks, inPercent),
    columns(plot, blocks.filter((depth) => (depth - 1) % every === 0 || depth === layers), String),
    tick("encoder block", (left + right) / 2, CURVE.height - 4),
    baselines.map(([, share]) => across(left, right, y(share), "dashed")),
    lines.map(({ points }, i) => [
      svg("path", { class: `curve ${KINDS[i]}`, d: pathThrough(points.map(([depth, share]) => [x(depth), y(share)])) }),
      ...points.map(([depth, share]) => mark(i, x(depth), y(share), `block ${depth}: ${percent(share)}`))]),
    chosen ? chosenMark(lines, chosen, x, y) : null, endNames(ends, CURVE.top, plot.foot))
}

/** Circle, square, triangle: distinguishable without colour.
 * @param {number} i
 * @param {number} x
 * @param {number} y
 * @param {string} words
 */
function mark(i, x, y, words) {
  const shapes = ["M-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0 -7 0z", "M-3.2 -3.2h6.4v6.4h-6.4z", "M0 -4.4l4.4 7.6h-8.8z"]
  return titled(svg("path", { class: `mark ${KINDS[i]}`, d: shapes[i], transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})` }), words)
}

/** @param {Line[]} lines @param {NonNullable<Data["chosen"]>} chosen @param {Scale} x @param {Scale} y */
function chosenMark(lines, chosen, x, y) {
  const point = lines.find(({ name }) => name === chosen.pooling)?.points.find(([depth]) => depth === chosen.depth)
  if (!point) return null
  const [left, top] = [x(point[0]), y(point[1])]
  const above = lines.some(({ points }) => points.some(([depth, share]) => depth === chosen.depth && top - y(share) > 1 && top - y(share) < 30))
  const below = above || top < CURVE.top + 20
  return [svg("circle", { class: "chosen", cx: left, cy: top, r: 8 }), tick("chosen", left, top + (below ? 22 : -13), "middle", "strong")]
}

/** @param {Omit<Data, "layers">} data */
function words({ lines, chosen, baselines }) {
  const curves = lines.map(({ name, points }) => `${name}: ${points.map(([depth, share]) => `block ${depth} ${percent(share)}`).join(", ")}`)
  const references = baselines.map(([name, share]) => `${name} ${percent(share)}`)
  return `Validation accuracy of a linear probe by encoder block. ${[...curves, ...references].join("; ")}. ${chosen ? `Chosen: block ${chosen.depth}, ${chosen.pooling}.` : ""}`
}
