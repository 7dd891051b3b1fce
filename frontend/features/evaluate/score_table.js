// Evaluations as rows with intervals and references; a click selects one.

import { inPercent, shareTicks, svg, tick } from "../../ui/charts/svg_chart.js"
import { makeStore } from "../../ui/kit/component.js"
import { el, find, keepFocus, plainClick, svgShape } from "../../ui/kit/dom.js"
import { grouped, sentence } from "../../ui/kit/format.js"
import { aloud, tableHead } from "../../ui/kit/table.js"

/** @import { Children } from "../../ui/kit/dom.js" */
/** @import { Head } from "../../ui/kit/table.js" */
/** A row of score_row in evaluation_rows.py: figures as text, and `low`, `value`, `high` and those of `each` seed as shares. An
 * earlier evaluation of the setting above says when it was made.
 * @typedef {{ ids: string[], reference: boolean, head: string, reads: string, labels: string, n_train: number, accuracy: string,
 *   interval: string, low: number, value: number, high: number, each: number[], seeds: string, balanced: string,
 *   balanced_interval: string, macro_f1: string, macro_f1_interval: string, top2: string, n: number, gap: string,
 *   estimator: string, seen: number, when?: string }} Score
 */
/** @typedef {{ earlier: Score[], words: string }} Fold earlier evaluations, folded */
/** @typedef {{ rows: (Score | Fold)[], published: { model: string, accuracy: string, note: string }[], chosen: string, caption: string,
 *   estimator: string, notes: [words: string, heads: string[]][] }} Data */
/** @typedef {{ root: HTMLElement, data: Data, drawn: string, open: Set<string>, pick: (id: string) => void }} State */
/** @typedef {{ ticks: number[], x: (share: number) => number }} Axis */

/** @type {ReturnType<typeof makeStore<State>>} */
const scoreTables = makeStore()
const AXIS = { width: 160, pad: 8 }, COLUMNS = 10

/** @param {import("../../ui/kit/mount.d.ts").Mounting<Data>} mounting */
export default function ({ data, parentElement, setTriggerValue }) {
  const root = find(parentElement, ".gx-score_table")
  const state = scoreTables(parentElement, () => ({ root, data, drawn: "", open: new Set(), pick: () => {} }))
  state.pick = (id) => setTriggerValue("pick", id)
  const key = JSON.stringify(data)
  if (key === state.drawn) return
  Object.assign(state, { drawn: key, data })
  for (const fold of data.rows.filter(isFold)) if (fold.earlier.some(({ ids }) => ids.includes(data.chosen))) state.open.add(foldKey(fold))
  drawScores(state)
}

/** @param {Score | Fold} row @returns {row is Fold} */
const isFold = (row) => "earlier" in row

/** @param {State} state */
function drawScores(state) {
  const { root, data } = state
  keepFocus(root, () => root.replaceChildren(el("div", { class: "wide", tabindex: -1 }, table(state)), notes(data)), "id")
}

/** @param {Axis} axis @returns {Head[]} */
const heads = (axis) => [
  ["Head", "", "The classifier on top of the features"], ["Features", "", "Encoder block and pooling"],
  ["Labels", "num", "Share of labelled train rows used"],
  ["Accuracy", "num", "On test rows; mean ± sample standard deviation for several seeds"],
  [el("span", {}, aloud("Interval"), scale(axis)), "axis"], ["Balanced, %", "num", "Mean recall over classes, test rows"],
  ["Macro-F1, %", "num", "Mean F1 over classes, test rows"], ["Top-2, %", "num", "The true class is among the two most probable"], ["n", "num", "Test galaxies"],
  ["Lead, points", "num", "Lead of the row above over this reference in points of accuracy; for the majority class, that of the best row"],
]

/** @param {State} state */
function table(state) {
  const { data } = state
  const shown = data.rows.flatMap((row) => (isFold(row) ? row.earlier : [row]))
  const ticks = shareTicks(Math.min(...shown.map((row) => row.low)), Math.max(...shown.map((row) => row.high))), top = ticks[ticks.length - 1]
  /** @type {Axis} */
  const axis = { ticks, x: (share) => AXIS.pad + ((share - ticks[0]) / (top - ticks[0])) * (AXIS.width - 2 * AXIS.pad) }
  return el("table", {},
    el("caption", { class: "gx-soft" }, data.caption),
    tableHead(heads(axis)),
    el("tbody", {}, data.rows.flatMap((row) => (isFold(row) ? earlierRows(state, row, axis) : [scoreRow(state, row, axis)])), published(data)))
}

/** @param {Axis} axis */
function scale({ ticks, x }) {
  const named = ticks.filter((_, i) => ticks.length < 5 || i % 2 === 0)
  return svg("svg", { width: AXIS.width, height: 16, "aria-hidden": "true" },
    named.map((share, i) => tick(`${inPercent(share)}${i === named.length - 1 ? " %" : ""}`, x(share), 12)))
}

/** @param {Score} row @param {Axis} axis */
function whisker(row, { ticks, x }) {
  const words = `${row.accuracy}, 95 % interval ${row.seeds ? "of the first seed " : ""}${row.interval}`
  return svg("svg", { width: AXIS.width, height: 20, role: "img", "aria-label": words },
    svg("title", {}, words),
    ticks.map((share) => svg("line", { class: "grid", x1: x(share), x2: x(share), y1: -10, y2: 30 })),
    svg("line", { class: "reach", x1: x(row.low), x2: x(row.high), y1: 10, y2: 10 }),
    row.seeds ? row.each.map((share) => svg("line", { class: "seed", x1: x(share), x2: x(share), y1: 4, y2: 16 })) : null,
    svg("circle", { class: "dot", cx: x(row.value), cy: 10, r: row.reference ? 3 : 4 }))
}

/** @param {string} label @param {string} kind @param {Children[]} children */
function cell(label, kind, ...children) {
  return el("td", { class: kind, "data-label": label }, ...children)
}

/** @param {State} state @param {Score} row @param {Axis} axis */
function scoreRow(state, row, axis) {
  const chosen = row.ids.includes(state.data.chosen)
  const id = chosen ? state.data.chosen : row.ids[0]
  const open = (/** @type {MouseEvent} */ event) => {
    event.stopPropagation() // a click on the link is one on the row too
    plainClick(event, () => state.pick(id))
  }
  const link = el("a", { href: `/evaluate?evaluation=${encodeURIComponent(id)}`, "data-id": row.ids[0], class: "title", onClick: open }, row.head)
  return el("tr", { class: [row.reference ? "reference" : row.when ? "earlier" : "own", chosen ? "selected" : ""].join(" "), "aria-selected": String(chosen), title: row.estimator, onClick: open },
    cell("Head", "head", link, row.when ? el("small", { class: "gx-soft" }, row.when) : null, row.seen ? el("span", { class: "gx-tone-warn seen", title: `${grouped(row.seen)} test galaxies were part of the pretraining data` }, svgShape("ring", "M8 2.5l6 11h-12zM8 7v3M8 11.6v.6"), " seen") : null),
    cell("Features", "reads", row.reads), cell("Labels", row.labels === "100 %" ? "num whole" : "num", row.labels),
    cell("Accuracy", "num accuracy", el("b", {}, row.accuracy), el("small", { class: row.seeds ? "gx-soft seeds" : "gx-soft" }, row.seeds || row.interval)),
    cell("95 %", "axis", whisker(row, axis)),
    figure("Balanced, %", row.balanced, row.balanced_interval), figure("Macro-F1, %", row.macro_f1, row.macro_f1_interval),
    cell("Top-2, %", "num", row.top2), cell("n", "num", grouped(row.n)), cell("Lead", "num gap", row.gap))
}

/** @param {Fold} fold */
const foldKey = ({ earlier }) => `before ${earlier[0].ids[0]}`

/** A row that unfolds the earlier evaluations of a setting.
 * @param {State} state
 * @param {Fold} fold
 * @param {Axis} axis
 */
function earlierRows(state, fold, axis) {
  const key = foldKey(fold), open = state.open.has(key)
  const turn = () => {
    if (!state.open.delete(key)) state.open.add(key)
    drawScores(state)
  }
  const button = el("button", { "aria-expanded": String(open), "data-id": key, onClick: turn },
    svgShape("ring", open ? "M3.5 6l4.5 4.5L12.5 6" : "M6 3.5l4.5 4.5L6 12.5"), ` ${fold.words}`)
  return [el("tr", { class: "fold" }, el("td", { colspan: COLUMNS }, button)), ...(open ? fold.earlier.map((old) => scoreRow(state, old, axis)) : [])]
}

/** @param {string} label @param {string} words @param {string} interval */
function figure(label, words, interval) {
  return cell(label, "num", words, el("small", { class: "gx-soft" }, interval))
}

/** Published accuracies on the same dataset with other splits.
 * @param {Data} data
 */
function published(data) {
  if (!data.published.length) return []
  const title = el("tr", { class: "rule" }, el("td", { colspan: COLUMNS }, "Published on this dataset with other splits; not directly comparable"))
  return [title, ...data.published.map(({ model, accuracy, note }) => el("tr", { class: "reference fixed", title: note },
    el("td", { class: "head", colspan: 3 }, model), cell("Accuracy", "num", `${accuracy} %`), el("td", { colspan: 6, class: "note" }, note)))]
}

/** @param {Data} data */
function notes(data) {
  const entries = [["Estimator", data.estimator, ""], ...data.notes.map(([words, heads]) => [heads.join(", "), words, "note"])]
  return el("dl", {}, entries.flatMap(([name, words, kind]) => [el("dt", { class: kind }, name), el("dd", {}, sentence(words))]))
}
