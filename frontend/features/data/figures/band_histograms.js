// Histograms of pixel values by band on a logarithmic axis, with statistics below.

import { chartComponent, columns, figure, plotOf, rows, svg, tick } from "../../../ui/charts/svg_chart.js"
import { el } from "../../../ui/kit/dom.js"
import { percent } from "../../../ui/kit/format.js"
import { tableHead } from "../../../ui/kit/table.js"

/** @import { BandStatistics, PixelStatistics } from "../../../api/contract.d.ts" */
/** @import { Head } from "../../../ui/kit/table.js" */
/** @import { Plot } from "../../../ui/charts/svg_chart.js" */

const BOX = { height: 260, left: 52, right: 12, top: 10, bottom: 40 }
const LEVELS = 256

export default chartComponent("band_histograms", (/** @type {PixelStatistics} */ { bands }, wide) => {
  const width = Math.min(Math.max(Math.round(wide), 280), 900)
  return [el("div", { class: "chart" }, chart(bands, width)), el("div", { class: "scroll", tabindex: 0 }, table(bands))]
})

/** @param {number} i @param {number} of */
const bandColour = (i, of) => (of === 1 ? "var(--st-link-color)" : `var(--series-${of === 3 ? [4, 2, 1][i] : i})`)

/** @param {BandStatistics[]} bands @param {number} width */
function chart(bands, width) {
  const shares = bands.map(({ counts }) => {
    const sum = counts.reduce((a, b) => a + b, 0)
    return counts.map((n) => n / sum)
  })
  const lowest = Math.floor(Math.log10(Math.min(...shares.flat().filter((share) => share > 0))))
  const plot = plotOf(width, BOX, [0, LEVELS], [lowest, 0]), powers = Array.from({ length: 1 - lowest }, (_, i) => -i)
  const words = bands.map((band) => `${band.band}: mean ${band.mean.toFixed(1)}`).join("; ")
  return figure(plot, `Histogram of pixel values. ${words}`,
    rows(plot, powers, (power) => `${Number((100 * 10 ** power).toPrecision(1))} %`), columns(plot, [0, 64, 128, 192, 255], String),
    tick("pixel value, 0 (black) to 255 (white)", plot.x(128), BOX.height - 6),
    shares.map((share, i) => steps(share.map((value) => Math.max(Math.log10(value), lowest)), plot, bandColour(i, bands.length))))
}

/** @param {number[]} powers @param {Plot} plot @param {string} colour */
function steps(powers, { x, y }, colour) {
  const wide = LEVELS / powers.length
  const path = powers.map((value, i) => `${i ? "L" : "M"}${x(i * wide).toFixed(1)} ${y(value).toFixed(1)}H${x((i + 1) * wide).toFixed(1)}`).join("")
  return svg("path", { class: "steps", d: path, style: `stroke: ${colour}` })
}

/** @type {[name: string, words: (band: BandStatistics) => string][]} */
const COLUMNS = [
  ["Mean", (band) => band.mean.toFixed(1)], ["Std", (band) => band.std.toFixed(1)], ["Min", (band) => String(band.minimum)],
  ["Max", (band) => String(band.maximum)], ["Black", (band) => percent(band.share_black)], ["White", (band) => percent(band.share_white)],
]

/** @param {BandStatistics[]} bands */
function table(bands) {
  return el("table", {}, tableHead([["Band"], ...COLUMNS.map(([name]) => /** @type {Head} */ ([name]))]),
    el("tbody", {}, bands.map((band, i) => el("tr", {},
      el("th", { scope: "row" }, el("i", { style: `background:${bandColour(i, bands.length)}` }), band.band),
      COLUMNS.map(([, words]) => el("td", {}, words(band)))))))
}
