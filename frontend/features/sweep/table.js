// The settings of a sweep as a sortable table; each seed links to its run.

import { el, exists, plainClick, svgShape } from "../../ui/kit/dom.js"
import { isNumber, plural } from "../../ui/kit/format.js"
import { runHref, STATE_SHAPES, STATE_TONES } from "../../ui/kit/run.js"
import { isKept, point } from "./parallel.js"
import { atEpoch, figureWords, measured } from "./scales.js"

/** @import { Seed, Setting, Sweep } from "./scales.js" */
/** @import { State } from "./sweep_results.js" */

/** `by` is what the column sorts by.
 * @typedef {{ title: string, note: string, kind: string, by: ((setting: Setting) => unknown) | null }} Head
 */

/** @param {State} state @param {Sweep} data */
export function sweepTable(state, data) {
  const { axes, settings, objective } = data
  /** @type {Head[]} */
  const heads = [
    ...axes.map(({ label, text, numeric }, i) => (
      { title: label, note: text, kind: numeric ? "num" : "", by: (/** @type {Setting} */ one) => (numeric ? one.values : one.words)[i] })),
    { title: `Best ${objective.title}`, note: "Best evaluation of each run on validation rows; mean ± sample standard deviation over seeds", kind: "num", by: ({ mean }) => mean },
    { title: "N", note: "Seeds with a result", kind: "num", by: ({ n }) => n },
    { title: "Runs, by seed", note: "State, best value and its epoch", kind: "", by: null },
  ]
  const { sort } = state, by = sort && heads[sort.column]?.by, kept = settings.filter((one) => isKept(state, one))
  const rows = sort && by ? sorted(kept, by, sort.down) : kept, [best] = measured(settings)
  const caption = state.brushes.some(Boolean) ? `${rows.length} of ${settings.length} settings pass the filters; press Esc to clear them`
    : `${plural(settings.length, "setting")}, best first by default`
  state.rows = new Map(rows.map((one) => [one, settingRow(state, data, one, one === best)]))
  return el("table", {}, el("caption", { class: "gx-soft" }, caption),
    el("thead", {}, el("tr", {}, heads.map((head, i) => headCell(state, head, i)))),
    el("tbody", {}, [...state.rows.values()]))
}

/** Settings by a number or a word; those without one are last.
 * @param {Setting[]} settings @param {(setting: Setting) => unknown} by @param {boolean} down */
export function sorted(settings, by, down) {
  return [...settings].sort((first, second) => {
    const one = by(first), other = by(second)
    if (!exists(one) || !exists(other)) return Number(exists(other)) - Number(exists(one))
    return (down ? -1 : 1) * (typeof one === "string" ? one.localeCompare(String(other)) : Number(one) - Number(other))
  })
}

/** @param {State} state @param {Head} head @param {number} column */
function headCell(state, { title, note, kind, by }, column) {
  if (!by) return el("th", { scope: "col", class: kind, title: note }, title)
  const down = state.sort?.column === column ? state.sort.down : null
  const button = el("button", { "data-focus": `sort ${column}`, title: note }, title, down === null ? "" : down ? " ↓" : " ↑")
  button.onclick = () => {
    state.sort = down ? null : { column, down: down === false }
    state.redraw()
  }
  return el("th", { scope: "col", class: kind, "aria-sort": down === null ? "none" : down ? "descending" : "ascending" }, button)
}

/** @param {State} state @param {Sweep} data @param {Setting} setting @param {boolean} best */
function settingRow(state, { axes, objective }, setting, best) {
  const { mean, std, words, n, runs } = setting
  const figure = isNumber(mean) ? [el("b", {}, figureWords(objective, mean)), isNumber(std) ? ` ± ${figureWords(objective, std).replace(" %", "")}` : ""] : ["–"]
  const row = el("tr", { class: best ? "best" : "" },
    axes.map(({ numeric, field }, i) => el("td", { class: numeric ? "num" : "", "data-label": field }, words[i])),
    el("td", { class: "num figure", "data-label": "best" }, figure, best ? el("small", { class: "gx-soft" }, " best") : null),
    el("td", { class: "num", "data-label": "N" }, String(n)),
    el("td", { class: "runs", "data-label": "" }, runs.map((run) => runLink(state, objective, run))))
  row.onmouseenter = () => point(state, setting)
  row.onmouseleave = () => point(state, null)
  return row
}

/** @param {State} state @param {Sweep["objective"]} objective @param {Seed} run */
function runLink(state, objective, { id, seed, state: runState, early, reason, best, best_epoch: bestEpoch, last, last_epoch: lastEpoch }) {
  const words = isNumber(best) ? atEpoch(objective, best, bestEpoch) : ""
  const known = runState === "missing" ? "queued" : runState
  const [kind, path] = STATE_SHAPES[early ? "stopping" : known]
  const stateWords = early ? "stopped early" : runState
  const tone = early ? "warn" : runState === "missing" ? "calm" : STATE_TONES[runState] ?? "calm"
  const inside = [
    el("span", { class: `gx-state gx-tone-${tone}` }, svgShape(kind, path), el("span", {}, runState === "succeeded" && words ? "" : stateWords)),
    words ? ` ${words}` : ""]
  const note = [`seed ${seed}`, id ?? "missing", stateWords, isNumber(last) ? `last ${atEpoch(objective, last, lastEpoch)}` : "", reason].filter(Boolean).join("; ")
  if (!id) return el("span", { class: "run", title: note }, inside)
  const link = el("a", { class: "run", href: runHref(id), title: note, "aria-label": note, "data-focus": `run ${id}` }, inside)
  link.onclick = (event) => plainClick(event, () => state.pick(id))
  return link
}
