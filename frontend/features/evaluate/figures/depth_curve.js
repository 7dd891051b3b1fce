// Validation accuracy of a linear probe by encoder block, one line per pooling, with the chosen point marked.

import { readColours } from "../../../ui/charts/palette.js"
import { across, chartStore, endNames, inPercent, pathThrough, shareTicks, svg, tick, titled } from "../../../ui/charts/svg_chart.js"
import { makeStore } from "../../../ui/kit/component.js"
import { find } from "../../../ui/kit/dom.js"
import { percent } from "../../../ui/kit/format.js"

/** @typedef {{ name: string, points: [depth: number, share: number][] }} Line of one pooling */
/** @typedef {{ lines: Line[], chosen: { depth: number, pooling: string } | null, baselines: [name: string, share: number][], layers: number }} Data */
/** @typedef {(value: number) => number} Scale */

/** @type {ReturnType<typeof makeStore<import("../../../ui/charts/svg_chart.js").Chart<Data>>>} */
const depthCurves = makeStore()
const CURVE = { height: 236, top: 26, right: 112, bottom: 36, left: 40 }
const KINDS = ["one", "two", "three"] // colour and shape
const COLOURS = [1, 0, 2]

/** @param {import("../../../ui/kit/mount.d.ts").Mounting<Data>} mounting */
export default function ({ data, parentElement }) {
  const root = find(parentElement, ".gx-depth_curve")
  const state = depthCurves(parentElement, () => chartStore(root, chart))
  state.data = data
  const { series } = readColours(root)
  KINDS.forEach((kind, i) => root.style.setProperty(`--${kind}`, series[COLOURS[i]]))
  state.draw()
  return () => state.resize.disconnect()
}

/** @param {Data} data @param {number} width */
function chart({ lines, chosen, baselines, layers }, width) {
  const values = [...lines.flatMap(({ points }) => points.map(([, share]) => share)), ...baselines.map(([, share]) => share)]
  const ticks = shareTicks(Math.min(...values), Math.max(...values)), top = ticks[ticks.length - 1]
  const wide = width - CURVE.left - CURVE.right, bottom = CURVE.height - CURVE.bottom
  /** @type {Scale} */
  const x = (depth) => CURVE.left + ((depth - 1) / Math.max(layers - 1, 1)) * wide
  /** @type {Scale} */
  const y = (share) => bottom - ((share - ticks[0]) / (top - ticks[0])) * (bottom - CURVE.top)
  const blocks = Array.from({ length: layers }, (_, i) => i + 1)
  const every = Math.ceil((layers * 22) / Math.max(wide, 22))
  const right = x(layers)
  const ends = [
    ...lines.map(({ name, points }, i) => {
      const [depth, share] = points[points.length - 1]
      return { word: name, kind: `strong ${KINDS[i]}`, x: x(depth) + 8, y: y(share) }
    }),
    ...baselines.map(([name, share]) => ({ word: name, kind: "tick", x: right + 8, y: y(share) }))]
  return svg("svg", { viewBox: `0 0 ${width} ${CURVE.height}`, width, height: CURVE.height, role: "img", "aria-label": words({ lines, chosen, baselines }) },
    tick("linear probe: validation accuracy, %", 0, 10, "start"),
    ticks.map((share) => [across(x(1), right, y(share)), tick(inPercent(share), x(1) - 8, y(share) + 4, "end")]),
    blocks.filter((depth) => (depth - 1) % every === 0 || depth === layers).map((depth) => tick(String(depth), x(depth), bottom + 16)),
    tick("encoder block", x((1 + layers) / 2), CURVE.height - 4),
    baselines.map(([, share]) => across(x(1), right, y(share), "baseline")),
    lines.map(({ points }, i) => [
      svg("path", { class: `curve ${KINDS[i]}`, d: pathThrough(points.map(([depth, share]) => [x(depth), y(share)])) }),
      ...points.map(([depth, share]) => mark(i, x(depth), y(share), `block ${depth}: ${percent(share)}`))]),
    chosen ? chosenMark(lines, chosen, x, y) : null, endNames(ends, CURVE.top, bottom))
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
