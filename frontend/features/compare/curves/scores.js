// Last and best value of each metric, one row per run or group of seeds, with references below; sortable.

import { isLoss, isShare, riseIsGood, valueWords } from "../../../ui/charts/axes.js"
import { swatch } from "../../../ui/charts/pointer.js"
import { el } from "../../../ui/kit/dom.js"
import { grouped, isNumber, percent } from "../../../ui/kit/format.js"
import { saveCsv } from "../../../ui/kit/save.js"
import { grouping, meanOf, sampleStd } from "./lines.js"

/** @import { ComparedRun } from "../../../api/contract.d.ts" */
/** @import { Style } from "../../../ui/charts/panel.js" */
/** @import { Compared } from "./compare_curves.js" */
/** Mean, sample standard deviation (null for one value) and count. @typedef {{ mean: number, std: number | null, n: number }} Summary */
/** @typedef {{ last: Summary | null, best: Summary | null, step: number | null }} Figures */
/** @typedef {"last" | "best"} Which */
/** @typedef {[key: string, which: Which]} Column */
/** @typedef {{ id: string, title: string, style: Style, members: ComparedRun[], figures: Record<string, Figures> }} Row */

/** The sorted rows. @param {Compared} state @returns {Row[]} */
function scoreRows(state) {
  const entries = grouping(state) ? state.data.groups.map((group) => ({ ...group, members: state.shown.filter((run) => group.runs.includes(run.id)) }))
    : state.shown.map((run) => ({ ...run, members: [run] }))
  const rows = entries.filter(({ members }) => members.length).map((entry) => ({ ...entry, figures: Object.fromEntries(state.data.keys.map((key) => [key, figuresOf(state, key, entry.members)])) }))
  const { sort } = state
  if (!sort) return rows
  const sign = sort.rising ? 1 : -1
  if (sort.key === "title") return rows.sort((one, other) => sign * one.title.localeCompare(other.title))
  const place = (/** @type {Row} */ row) => row.figures[sort.key][sort.which]?.mean ?? sign * Infinity // rows without a value come last
  return rows.sort((one, other) => (place(one) === place(other) ? 0 : sign * (place(one) - place(other))))
}

/** @param {Compared} state @param {string} key @param {ComparedRun[]} members @returns {Figures} */
function figuresOf(state, key, members) {
  const each = members.flatMap((run) => {
    const held = state.feeds.get(run.id)?.points.get(key)
    const values = held?.value.filter(isNumber) ?? []
    if (!held || !values.length) return []
    const best = values.reduce(riseIsGood(key) ? (a, b) => Math.max(a, b) : (a, b) => Math.min(a, b))
    return [{ last: values[values.length - 1], best, step: held.step[held.value.indexOf(best)] }]
  })
  return { last: summary(each.map(({ last }) => last)), best: summary(each.map(({ best }) => best)), step: each.length === 1 ? each[0].step : null }
}

/** @param {number[]} values @returns {Summary | null} */
function summary(values) {
  if (!values.length) return null
  return { mean: meanOf(values), std: values.length > 1 ? sampleStd(values) : null, n: values.length }
}

/** 63.2 ± 0.84 %: two digits of the deviation, and the mean with as many decimals. @param {string} key @param {Summary} summary */
function summaryWords(key, { mean, std }) {
  if (std === null) return valueWords(key, mean)
  const factor = isShare(key) ? 100 : 1
  const places = std > 0 ? Math.min(Math.max(1 - Math.floor(Math.log10(std * factor)), 0), 8) : 1
  return `${(mean * factor).toFixed(places)} ± ${(std * factor).toFixed(places)}${isShare(key) ? " %" : ""}`
}

/** Metrics recorded at every step have no best value: the minimum of a noisy curve is meaningless.
 * @param {string[]} keys @returns {Column[]}
 */
const columnsOf = (keys) => keys.flatMap((key) => (key.startsWith("train/") ? [[key, "last"]] : [[key, "last"], [key, "best"]]))

/** @param {Compared} state */
export function drawScores(state) {
  const columns = columnsOf(state.data.keys)
  const rows = scoreRows(state)
  const held = /** @type {ShadowRoot} */ (state.root.getRootNode()).activeElement
  const focused = held instanceof HTMLElement ? held.dataset.sort : undefined
  const save = el("button", { class: "save", onClick: () => saveScores(state) }, "CSV")
  state.scores.replaceChildren(
    el("div", { class: "head" }, el("b", {}, "Figures"), el("span", { class: "gx-soft" }, `last and best ${grouping(state) ? "of each group; mean ± sample standard deviation over N seeds" : "of each run"}; val: on validation rows`), save),
    el("div", { class: "wide", tabindex: 0 }, el("table", {},
      el("thead", {}, el("tr", {}, sortHead(state, "title", "last", "Run"), grouping(state) ? el("th", { class: "num", scope: "col" }, "N") : null, columns.map(([key, which]) => sortHead(state, key, which, `${key} · ${which}`)))),
      el("tbody", {}, rows.map((row) => scoreRowOf(state, row, columns))),
      el("tfoot", {}, referenceRows(state, columns)))))
  if (focused) state.scores.querySelector(/** @type {"button"} */ (`[data-sort="${CSS.escape(focused)}"]`))?.focus()
}

/** @param {Compared} state @param {string} key @param {Which} which @param {string} words */
function sortHead(state, key, which, words) {
  const sort = state.sort?.key === key && state.sort.which === which ? state.sort : null
  const button = el("button", { "data-sort": `${key} ${which}` }, words, sort ? (sort.rising ? " ▲" : " ▼") : "")
  button.onclick = () => {
    state.sort = { key, which, rising: sort ? !sort.rising : key === "title" || isLoss(key) }
    drawScores(state)
  }
  return el("th", { scope: "col", class: key === "title" ? "" : "num", "aria-sort": sort ? (sort.rising ? "ascending" : "descending") : "none" }, button)
}

/** @param {Compared} state @param {Row} row @param {Column[]} columns */
function scoreRowOf(state, row, columns) {
  const links = row.members.map((run, i) => [i ? " " : "", el("a", { href: `/run?run=${encodeURIComponent(run.id)}`, title: run.id }, row.members.length > 1 ? `seed ${run.seed ?? "?"}` : "open")])
  return el("tr", { "data-row": row.id },
    el("th", { scope: "row" }, swatch(state.tint, row.style), " ", row.title, el("small", {}, links.flat())),
    grouping(state) ? el("td", { class: "num" }, row.members.length) : null,
    columns.map(([key, which]) => scoreCell(row, key, which)))
}

/** @param {Row} row @param {string} key @param {Which} which */
function scoreCell(row, key, which) {
  const figure = row.figures[key][which]
  if (!figure) return el("td", { class: "num gx-soft" }, "–")
  const { step } = row.figures[key]
  const at = which === "best" && step !== null ? `step ${grouped(step)}` : null
  const init = which === "last" && row.members.length === 1 ? row.members[0].baselines[`random_init_${key.replace(/^val\//, "")}`] : null
  const few = figure.n < row.members.length ? `${figure.n} of ${row.members.length} runs` : null
  const note = few ?? at ?? (isNumber(init) ? `init ${percent(init)}` : null)
  return el("td", { class: "num" }, el("b", {}, summaryWords(key, figure)), note ? el("small", {}, note) : null)
}

/** Raw pixels and majority class of each dataset, below the matching accuracies. @param {Compared} state @param {Column[]} columns */
function referenceRows(state, columns) {
  const datasets = new Map(state.shown.map((run) => [run.dataset, run.baselines]))
  const kinds = [["raw_pixel", "raw pixels"], ["majority", "majority"]]
  return [...datasets].flatMap(([dataset, baselines]) => kinds.flatMap(([kind, words]) => {
    const values = columns.map(([key, which]) => (which === "last" ? baselines[referenceName(kind, key)] : null))
    if (!values.some(isNumber)) return []
    return [el("tr", {}, el("th", { scope: "row" }, datasets.size > 1 ? `${words}, ${dataset}` : words), grouping(state) ? el("td", {}) : null,
      values.map((value) => el("td", { class: "num" }, isNumber(value) ? percent(value) : "")))]
  }))
}

/** @param {string} kind @param {string} key */
function referenceName(kind, key) {
  const name = key.replace(/^val\//, "")
  return kind === "majority" ? `majority_${name.replace(/^(linear|knn)_/, "")}` : `${kind}_${name}`
}

/** @param {Compared} state */
function saveScores(state) {
  const columns = columnsOf(state.data.keys)
  const heads = ["name", "runs", "kind", "dataset", "n", ...columns.flatMap(([key, which]) => [`${key} ${which}`, `${key} ${which} std`])]
  const rows = scoreRows(state).map((row) => [row.title, row.members.map(({ id }) => id).join(" "), row.members[0].kind, row.members[0].dataset ?? "", row.members.length,
    ...columns.flatMap(([key, which]) => [row.figures[key][which]?.mean ?? "", row.figures[key][which]?.std ?? ""])])
  saveCsv([heads, ...rows], "comparison.csv")
}
