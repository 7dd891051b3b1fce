// Histograms of pixel values by band on a logarithmic axis, with statistics below.

import { readColours } from "../../../ui/charts/palette.js"
import { makeStore } from "../../../ui/kit/component.js"
import { el } from "../../../ui/kit/dom.js"
import { percent } from "../../../ui/kit/format.js"

const bandViews = makeStore()
const MARGIN = { left: 52, right: 12, top: 10, bottom: 40 }
const HEIGHT = 260
const LEVELS = 256

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".gx-band_histograms")
  const state = bandViews(parentElement, () => build(root))
  state.data = data
  draw(state)
  state.resize.observe(root)
  return () => state.resize.disconnect()
}

function build(root) {
  const state = { root }
  state.chart = el("div", { class: "chart" })
  state.table = el("div", { class: "scroll" })
  root.replaceChildren(state.chart, state.table)
  state.resize = new ResizeObserver(() => draw(state))
  return state
}

function draw(state) {
  const colours = readColours(state.root)
  const width = Math.min(Math.max(Math.round(state.root.clientWidth), 280), 900)
  const drawn = JSON.stringify([width, colours, state.data])
  if (drawn === state.drawn) return
  state.drawn = drawn
  state.chart.replaceChildren(chart(state.data.bands, width, colours))
  state.table.replaceChildren(table(state.data.bands, colours))
}

function svg(tag, props, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag)
  for (const [key, value] of Object.entries(props)) node.setAttribute(key, value)
  node.append(...children)
  return node
}

const bandColour = (colours, i, of) => (of === 1 ? colours.accent : colours.series[of === 3 ? [4, 2, 1][i] : i])

function chart(bands, width, colours) {
  const shares = bands.map((band) => { const sum = band.counts.reduce((a, b) => a + b, 0); return band.counts.map((n) => n / sum) })
  const lowest = Math.floor(Math.log10(Math.min(...shares.flat().filter((share) => share > 0))))
  const x = (level) => MARGIN.left + (level / LEVELS) * (width - MARGIN.left - MARGIN.right)
  const y = (share) => MARGIN.top + (Math.log10(Math.max(share, 10 ** lowest)) / lowest) * (HEIGHT - MARGIN.top - MARGIN.bottom)
  const words = bands.map((band) => `${band.band}: mean ${band.mean.toFixed(1)}`).join("; ")
  return svg("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, role: "img", "aria-label": `Histogram of pixel values. ${words}` },
    ...axes(x, y, lowest, width), ...shares.map((share, i) => steps(share, x, y, bandColour(colours, i, bands.length))))
}

function axes(x, y, lowest, width) {
  const marks = []
  for (let power = 0; power >= lowest; power--) {
    marks.push(svg("line", { class: "grid", x1: MARGIN.left, x2: width - MARGIN.right, y1: y(10 ** power), y2: y(10 ** power) }),
      svg("text", { x: MARGIN.left - 6, y: y(10 ** power) + 4, "text-anchor": "end" }, `${Number((100 * 10 ** power).toPrecision(1))} %`))
  }
  for (const level of [0, 64, 128, 192, 255]) {
    marks.push(svg("text", { x: x(level), y: HEIGHT - MARGIN.bottom + 16, "text-anchor": "middle" }, String(level)))
  }
  marks.push(svg("text", { x: x(128), y: HEIGHT - 6, "text-anchor": "middle" }, "pixel value, 0 (black) to 255 (white)"))
  return marks
}

function steps(share, x, y, colour) {
  const wide = LEVELS / share.length
  const path = share.map((value, i) => `${i ? "L" : "M"}${x(i * wide).toFixed(1)} ${y(value).toFixed(1)}H${x((i + 1) * wide).toFixed(1)}`).join("")
  return svg("path", { class: "steps", d: path, stroke: colour })
}

const COLUMNS = [
  ["Mean", (band) => band.mean.toFixed(1)], ["Std", (band) => band.std.toFixed(1)], ["Min", (band) => String(band.minimum)],
  ["Max", (band) => String(band.maximum)], ["Black", (band) => percent(band.share_black)], ["White", (band) => percent(band.share_white)],
]

function table(bands, colours) {
  return el("table", {}, el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "Band"), COLUMNS.map(([name]) => el("th", { scope: "col" }, name)))),
    el("tbody", {}, bands.map((band, i) => el("tr", {},
      el("th", { scope: "row" }, el("i", { style: `background:${bandColour(colours, i, bands.length)}` }), band.band),
      COLUMNS.map(([, form]) => el("td", {}, form(band)))))))
}
