// The rows of a suite as dots per seed, with the figures of the report, and its claims as a table.

import { chartComponent, figure, inPercent, shareTicks, svg, tick } from "../../ui/charts/svg_chart.js"
import { el, plainClick } from "../../ui/kit/dom.js"
import { isNumber, sentence } from "../../ui/kit/format.js"
import { tableHead } from "../../ui/kit/table.js"

/** @import { Head } from "../../ui/kit/table.js" */
/** @import { Send } from "../../ui/charts/svg_chart.js" */
/** @typedef {{ name: string, each: number[], mean: number | null, report: number | null, evaluations: string[], words: string,
 *   reference: boolean }} Row */
/** @typedef {{ sentence: string, verdict: string, difference: string, p: string, p_holm: string }} Claim */
/** @typedef {{ rows: Row[], claims: Claim[] }} Suite */
/** @typedef {{ x: (share: number) => number, left: number, right: number, narrow: boolean }} Frame */

const ROW_HEIGHT = 28, SUITE_TOP = 6, SUITE_FOOT = 38

export default chartComponent("suite_rows", suiteParts)

/** @param {Suite} suite @param {number} width @param {Send} send */
function suiteParts({ rows, claims }, width, send) {
  return [...(rows.length ? [suiteChart(rows, width, send), suiteKey(rows)] : []), claims.length ? claimTable(claims) : null]
}

/** @param {Row[]} rows @param {number} width @param {Send} send */
function suiteChart(rows, width, send) {
  const narrow = width < 620
  const left = narrow ? 8 : 270, right = width - (narrow ? 12 : 150)
  const step = ROW_HEIGHT * (narrow ? 1.7 : 1), bottom = SUITE_TOP + rows.length * step, height = bottom + SUITE_FOOT
  const values = rows.flatMap((row) => [...row.each, row.report]).filter(isNumber)
  const ticks = shareTicks(Math.min(...values, 1), Math.max(...values, 0))
  const x = (/** @type {number} */ share) => left + ((share - ticks[0]) / (ticks[ticks.length - 1] - ticks[0])) * (right - left)
  return figure({ width, height }, suiteWords(rows),
    ticks.map((share) => [
      svg("line", { class: "grid", x1: x(share), x2: x(share), y1: SUITE_TOP, y2: bottom }), tick(inPercent(share), x(share), bottom + 16)]),
    tick("accuracy on test rows, %", (left + right) / 2, bottom + 33),
    rows.map((row, i) => suiteRow(send, row, SUITE_TOP + i * step + (narrow ? 30 : step / 2), { x, left, right, narrow })))
}

/** @param {Send} send @param {Row} row @param {number} y @param {Frame} frame */
function suiteRow(send, row, y, { x, left, right, narrow }) {
  const name = tick(row.name, narrow ? left : left - 14, narrow ? y - 14 : y + 4, narrow ? "start" : "end", "name")
  return svg("g", { class: row.reference ? "reference" : "own" },
    row.evaluations.length ? suiteLink(send, row.evaluations[0], name) : name,
    tick(narrow ? row.words.split(", ")[0] : row.words, narrow ? right : right + 14, narrow ? y - 14 : y + 4, narrow ? "end" : "start",
      row.each.length ? "spread" : "spread wait"),
    isNumber(row.report) ? svg("line", { class: "report", x1: x(row.report), x2: x(row.report), y1: y - 10, y2: y + 10 }) : null,
    row.each.map((share) => svg("circle", { class: "seed", cx: x(share), cy: y, r: 3.5 })),
    isNumber(row.mean) ? svg("circle", { class: "mean", cx: x(row.mean), cy: y, r: row.reference ? 4 : 5 }) : null)
}

/** @param {Send} send @param {string} id @param {SVGTextElement} name */
function suiteLink(send, id, name) {
  const link = svg("a", { href: `/evaluate?evaluation=${encodeURIComponent(id)}` }, name)
  link.onclick = (event) => plainClick(event, () => send("pick", id))
  return link
}

/** @param {Row[]} rows */
function suiteKey(rows) {
  const report = rows.some((row) => isNumber(row.report)) ? " Dashed: the report on Galaxy10 DECaLS, whose protocol is partly unknown." : ""
  return el("p", { class: "gx-soft key" }, `Rings: seeds. Dots: means. Grey: untrained baselines.${report}`)
}

/** @param {Row[]} rows */
const suiteWords = (rows) => `Accuracy on test rows. ${rows.map((row) => `${row.name}: ${row.words}`).join("; ")}.`

/** @param {Claim[]} claims */
function claimTable(claims) {
  /** @type {Head[]} */
  const heads = [["Claim"], ["Verdict"], ["Difference, points (95 %)", "num"], ["p", "num"], ["p (Holm)", "num"]]
  const number = (/** @type {string} */ label, /** @type {string} */ words) => el("td", { class: "num", "data-label": label }, words)
  return el("table", {},
    tableHead(heads),
    el("tbody", {}, claims.map((claim) => el("tr", {},
      el("td", {}, sentence(claim.sentence)), el("td", {}, el("b", {}, claim.verdict)),
      number("Difference", claim.difference), number("p", claim.p), number("p (Holm)", claim.p_holm)))))
}
