// The settings of a sweep as a sortable table; each seed links to its run.

import { el, exists, plainClick, svgShape } from "../../ui/kit/dom.js"
import { isNumber } from "../../ui/kit/format.js"
import { STATE_SHAPES, STATE_TONES } from "../../ui/kit/run.js"
import { isKept, point } from "./parallel.js"
import { figureWords } from "./scales.js"
import { redraw } from "./sweep_results.js"

export function sweepTable(state, data) {
  const heads = [
    ...data.axes.map((axis, i) => ({ title: axis.label, note: axis.text, kind: axis.numeric ? "num" : "", by: (one) => (axis.numeric ? one.values[i] : one.words[i]) })),
    { title: `Best ${data.objective.title}`, note: "Best evaluation of each run on validation rows; mean ± sample standard deviation over seeds", kind: "num", by: ({ mean }) => mean },
    { title: "N", note: "Seeds with a result", kind: "num", by: ({ n }) => n },
    { title: "Runs, by seed", note: "State, best value and its epoch", kind: "", by: null },
  ]
  const rows = sorted(data.settings.filter((one) => isKept(state, one)), heads, state.sort)
  const best = data.settings.find(({ mean }) => isNumber(mean))
  state.rows = new Map(rows.map((one) => [one, settingRow(state, data, one, one === best)]))
  return el("table", {}, el("caption", { class: "gx-soft" }, captionWords(state, data, rows)),
    el("thead", {}, el("tr", {}, heads.map((head, i) => headCell(state, head, i)))),
    el("tbody", {}, [...state.rows.values()]))
}

function captionWords(state, data, rows) {
  const held = state.brushes.some(Boolean)
  return held ? `${rows.length} of ${data.settings.length} settings pass the filters; press Esc to clear them` : `${data.settings.length} setting${data.settings.length === 1 ? "" : "s"}, best first by default`
}

function sorted(settings, heads, sort) {
  if (!sort) return settings
  const { by } = heads[sort.column] ?? {}
  if (!by) return settings
  const order = (one, other) => (typeof one === "string" ? one.localeCompare(other) : one - other)
  return [...settings].sort((one, other) => (exists(by(one)) && exists(by(other)) ? (sort.down ? -1 : 1) * order(by(one), by(other)) : exists(by(other)) - exists(by(one))))
}

function headCell(state, { title, note, kind, by }, column) {
  const here = state.sort?.column === column
  if (!by) return el("th", { scope: "col", class: kind, title: note }, title)
  const button = el("button", { "data-focus": `sort ${column}`, title: note }, title, here ? (state.sort.down ? " ↓" : " ↑") : "")
  button.onclick = () => {
    state.sort = here && state.sort.down ? null : { column, down: here }
    redraw(state)
  }
  return el("th", { scope: "col", class: kind, "aria-sort": here ? (state.sort.down ? "descending" : "ascending") : "none" }, button)
}

function settingRow(state, data, setting, best) {
  const figure = isNumber(setting.mean) ? [el("b", {}, figureWords(data.objective, setting.mean)), isNumber(setting.std) ? ` ± ${figureWords(data.objective, setting.std).replace(" %", "")}` : ""] : ["–"]
  const row = el("tr", { class: best ? "best" : "" },
    data.axes.map((axis, i) => el("td", { class: axis.numeric ? "num" : "", "data-label": axis.field }, setting.words[i])),
    el("td", { class: "num figure", "data-label": "best" }, figure, best ? el("small", { class: "gx-soft" }, " best") : null),
    el("td", { class: "num", "data-label": "N" }, String(setting.n)),
    el("td", { class: "runs", "data-label": "" }, setting.runs.map((run) => runLink(state, data, run))))
  row.onmouseenter = () => point(state, setting)
  row.onmouseleave = () => point(state, null)
  return row
}

function runLink(state, data, run) {
  const words = isNumber(run.best) ? `${figureWords(data.objective, run.best)} at epoch ${Number(run.best_epoch.toPrecision(4))}` : ""
  const [kind, path] = run.early ? STATE_SHAPES.stopping : (STATE_SHAPES[run.state] ?? STATE_SHAPES.queued)
  const stateWord = run.early ? "stopped early" : run.state
  const tone = run.early ? "warn" : (STATE_TONES[run.state] ?? "calm")
  const inside = [el("span", { class: `gx-state gx-tone-${tone}` }, svgShape(kind, path), el("span", {}, run.state === "succeeded" && words ? "" : stateWord)), words ? ` ${words}` : ""]
  const note = [`seed ${run.seed}`, run.id ?? "missing", stateWord, isNumber(run.last) ? `last ${figureWords(data.objective, run.last)} at epoch ${Number(run.last_epoch.toPrecision(4))}` : "", run.reason].filter(Boolean).join("; ")
  if (!run.id) return el("span", { class: "run", title: note }, inside)
  const link = el("a", { class: "run", href: `/run?run=${encodeURIComponent(run.id)}`, title: note, "aria-label": note, "data-focus": `run ${run.id}` }, inside)
  link.onclick = (event) => plainClick(event, () => state.pick(run.id))
  return link
}
