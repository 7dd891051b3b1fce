// The rows of a suite as dots per seed, with the figures of the report, and its claims as a table.

import { readColours } from "../../ui/charts/palette.js"
import { chartStore, inPercent, shareTicks, svg, tick } from "../../ui/charts/svg_chart.js"
import { makeStore } from "../../ui/kit/component.js"
import { el, plainClick } from "../../ui/kit/dom.js"
import { isNumber, sentence } from "../../ui/kit/format.js"

const suiteRows = makeStore()
const ROW_HEIGHT = 28, SUITE_TOP = 6, SUITE_FOOT = 38

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".gx-suite_rows")
  const state = suiteRows(parentElement, () => chartStore(root, (drawn, width) => suiteParts(state, drawn, width)))
  state.pick = (id) => setTriggerValue("pick", id)
  state.data = data
  const { series } = readColours(root)
  root.style.setProperty("--mark", series[1])
  root.style.setProperty("--report", series[0])
  state.draw()
  return () => state.resize.disconnect()
}

function suiteParts(state, { rows, claims }, width) {
  return [rows.length ? suiteChart(state, rows, width) : null, rows.length ? suiteKey(rows) : null, claims.length ? claimTable(claims) : null]
}

function suiteChart(state, rows, width) {
  const narrow = width < 620
  const left = narrow ? 8 : 270, right = width - (narrow ? 12 : 150)
  const height = SUITE_TOP + rows.length * ROW_HEIGHT * (narrow ? 1.7 : 1) + SUITE_FOOT
  const values = rows.flatMap((row) => [...row.each, row.report ?? row.each[0]]).filter(isNumber)
  const ticks = shareTicks(Math.min(...values, 1), Math.max(...values, 0))
  const x = (share) => left + ((share - ticks[0]) / (ticks.at(-1) - ticks[0])) * (right - left)
  const step = ROW_HEIGHT * (narrow ? 1.7 : 1)
  const bottom = SUITE_TOP + rows.length * step
  return svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": suiteWords(rows) },
    ticks.map((share) => [svg("line", { class: "grid", x1: x(share), x2: x(share), y1: SUITE_TOP, y2: bottom }), tick(inPercent(share), x(share), bottom + 16)]),
    tick("accuracy on test rows, %", (left + right) / 2, bottom + 33),
    rows.map((row, i) => suiteRow(state, row, SUITE_TOP + i * step + (narrow ? 30 : step / 2), { x, left, right, narrow })))
}

function suiteRow(state, row, y, { x, left, right, narrow }) {
  const name = svg("text", { class: "name", x: narrow ? left : left - 14, y: narrow ? y - 14 : y + 4, "text-anchor": narrow ? "start" : "end" }, row.name)
  const link = row.evaluations.length ? suiteLink(state, row.evaluations[0], name) : name
  const spread = svg("text", { class: row.each.length ? "spread" : "spread wait", x: narrow ? right : right + 14, y: narrow ? y - 14 : y + 4, "text-anchor": narrow ? "end" : "start" }, narrow ? row.words.split(", ")[0] : row.words)
  return svg("g", { class: row.reference ? "reference" : "own" }, link, spread,
    isNumber(row.report) ? svg("line", { class: "report", x1: x(row.report), x2: x(row.report), y1: y - 10, y2: y + 10 }) : null,
    row.each.map((share) => svg("circle", { class: "seed", cx: x(share), cy: y, r: 3.5 })),
    isNumber(row.mean) ? svg("circle", { class: "mean", cx: x(row.mean), cy: y, r: row.reference ? 4 : 5 }) : null)
}

function suiteLink(state, id, name) {
  const link = svg("a", { href: `/evaluate?evaluation=${encodeURIComponent(id)}` }, name)
  link.onclick = (event) => plainClick(event, () => state.pick(id))
  return link
}

function suiteKey(rows) {
  const report = rows.some((row) => isNumber(row.report)) ? " Dashed: the report on Galaxy10 DECaLS, whose protocol is partly unknown." : ""
  return el("p", { class: "gx-soft key" }, `Rings: seeds. Dots: means. Grey: untrained baselines.${report}`)
}

function suiteWords(rows) {
  return `Accuracy on test rows. ${rows.map((row) => `${row.name}: ${row.words}`).join("; ")}.`
}

function claimTable(claims) {
  const heads = [["Claim", ""], ["Verdict", ""], ["Difference, points (95 %)", "num"], ["p", "num"], ["p (Holm)", "num"]]
  return el("table", {},
    el("thead", {}, el("tr", {}, heads.map(([title, kind]) => el("th", { scope: "col", class: kind }, title)))),
    el("tbody", {}, claims.map((claim) => el("tr", {},
      el("td", {}, sentence(claim.sentence)), el("td", {}, el("b", {}, claim.verdict)),
      el("td", { class: "num", "data-label": "Difference" }, claim.difference), el("td", { class: "num", "data-label": "p" }, claim.p), el("td", { class: "num", "data-label": "p (Holm)" }, claim.p_holm)))))
}
