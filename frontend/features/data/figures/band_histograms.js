// Histograms of pixel values by band on a logarithmic axis, with statistics below.

import { readColours } from "../../../ui/charts/palette.js"
import { svg, tick } from "../../../ui/charts/svg_chart.js"
import { makeStore } from "../../../ui/kit/component.js"
import { el, find } from "../../../ui/kit/dom.js"
import { percent } from "../../../ui/kit/format.js"

/** @import { BandStatistics, PixelStatistics } from "../../../api/contract.d.ts" */
/** @typedef {ReturnType<typeof readColours>} Colours */
/** @typedef {(value: number) => number} Scale */
/** @typedef {{ data: PixelStatistics, drawn: string, draw: () => void, resize: ResizeObserver }} State */

/** @type {ReturnType<typeof makeStore<State>>} */
const bandViews = makeStore()
const MARGIN = { left: 52, right: 12, top: 10, bottom: 40 }
const HEIGHT = 260
const LEVELS = 256

/** @param {import("../../../ui/kit/mount.d.ts").Mounting<PixelStatistics>} mounting */
export default function ({ data, parentElement }) {
  const root = find(parentElement, ".gx-band_histograms")
  const state = bandViews(parentElement, () => build(root, data))
  state.data = data
  state.draw()
  state.resize.observe(root)
  return () => state.resize.disconnect()
}

/** @param {HTMLElement} root @param {PixelStatistics} data */
function build(root, data) {
  const draw = () => {
    const colours = readColours(root)
    const width = Math.min(Math.max(Math.round(root.clientWidth), 280), 900)
    const drawn = JSON.stringify([width, colours, state.data])
    if (drawn === state.drawn) return
    state.drawn = drawn
    root.replaceChildren(el("div", { class: "chart" }, chart(state.data.bands, width, colours)),
      el("div", { class: "scroll" }, table(state.data.bands, colours)))
  }
  /** @type {State} */
  const state = { data, drawn: "", draw, resize: new ResizeObserver(draw) }
  return state
}

/** @param {Colours} colours @param {number} i @param {number} of */
const bandColour = (colours, i, of) => (of === 1 ? colours.accent : colours.series[of === 3 ? [4, 2, 1][i] : i])

/** @param {BandStatistics[]} bands @param {number} width @param {Colours} colours */
function chart(bands, width, colours) {
  const shares = bands.map(({ counts }) => {
    const sum = counts.reduce((a, b) => a + b, 0)
    return counts.map((n) => n / sum)
  })
  const lowest = Math.floor(Math.log10(Math.min(...shares.flat().filter((share) => share > 0))))
  /** @type {Scale} */
  const x = (level) => MARGIN.left + (level / LEVELS) * (width - MARGIN.left - MARGIN.right)
  /** @type {Scale} */
  const y = (share) => MARGIN.top + (Math.log10(Math.max(share, 10 ** lowest)) / lowest) * (HEIGHT - MARGIN.top - MARGIN.bottom)
  const words = bands.map((band) => `${band.band}: mean ${band.mean.toFixed(1)}`).join("; ")
  return svg("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, role: "img", "aria-label": `Histogram of pixel values. ${words}` },
    axes(x, y, lowest, width), shares.map((share, i) => steps(share, x, y, bandColour(colours, i, bands.length))))
}

/** @param {Scale} x @param {Scale} y @param {number} lowest @param {number} width */
function axes(x, y, lowest, width) {
  const powers = Array.from({ length: 1 - lowest }, (_, i) => 10 ** -i)
  return [
    ...powers.map((share) => svg("line", { class: "grid", x1: MARGIN.left, x2: width - MARGIN.right, y1: y(share), y2: y(share) })),
    ...powers.map((share) => tick(`${Number((100 * share).toPrecision(1))} %`, MARGIN.left - 6, y(share) + 4, "end")),
    ...[0, 64, 128, 192, 255].map((level) => tick(String(level), x(level), HEIGHT - MARGIN.bottom + 16)),
    tick("pixel value, 0 (black) to 255 (white)", x(128), HEIGHT - 6)]
}

/** @param {number[]} share @param {Scale} x @param {Scale} y @param {string} colour */
function steps(share, x, y, colour) {
  const wide = LEVELS / share.length
  const path = share.map((value, i) => `${i ? "L" : "M"}${x(i * wide).toFixed(1)} ${y(value).toFixed(1)}H${x((i + 1) * wide).toFixed(1)}`).join("")
  return svg("path", { class: "steps", d: path, stroke: colour })
}

/** @type {[name: string, words: (band: BandStatistics) => string][]} */
const COLUMNS = [
  ["Mean", (band) => band.mean.toFixed(1)], ["Std", (band) => band.std.toFixed(1)], ["Min", (band) => String(band.minimum)],
  ["Max", (band) => String(band.maximum)], ["Black", (band) => percent(band.share_black)], ["White", (band) => percent(band.share_white)],
]

/** @param {BandStatistics[]} bands @param {Colours} colours */
function table(bands, colours) {
  return el("table", {}, el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "Band"), COLUMNS.map(([name]) => el("th", { scope: "col" }, name)))),
    el("tbody", {}, bands.map((band, i) => el("tr", {},
      el("th", { scope: "row" }, el("i", { style: `background:${bandColour(colours, i, bands.length)}` }), band.band),
      COLUMNS.map(([, words]) => el("td", {}, words(band)))))))
}
