// Precision, recall and F1 of each class; a click shows the galaxies of the class.

import { makeStore } from "../../../ui/kit/component.js"
import { el, find } from "../../../ui/kit/dom.js"
import { isNumber } from "../../../ui/kit/format.js"
import { aloud, tableHead } from "../../../ui/kit/table.js"

/** @import { Head } from "../../../ui/kit/table.js" */

/** A row of class_rows in words.py; the figures are text.
 * @typedef {{ name: string, few: boolean, precision: string, recall: string, f1: string, share: number | null, n: string, n_train: string }} Row
 */
/** @typedef {{ drawn: string, pick: (name: string) => void }} State */

/** @type {ReturnType<typeof makeStore<State>>} */
const classScores = makeStore()
/** @returns {Head[]} */
const heads = () => [["Class"], ["Precision", "num", "The share of galaxies classified as this class that belong to it"],
  ["Recall", "num", "The share of galaxies of this class that are classified correctly"], ["F1", "num", "Harmonic mean of precision and recall"],
  [aloud("F1 as a bar"), "bar"], ["n", "num", "Test galaxies"], ["Train", "num", "Train galaxies"]]

/** @param {import("../../../ui/kit/mount.d.ts").Mounting<{ rows: Row[] }>} mounting */
export default function ({ data, parentElement, setTriggerValue }) {
  const state = classScores(parentElement, () => ({ drawn: "", pick: () => {} }))
  state.pick = (name) => setTriggerValue("pick", name)
  const key = JSON.stringify(data)
  if (key === state.drawn) return
  state.drawn = key
  find(parentElement, ".gx-class_scores").replaceChildren(el("table", {},
    tableHead(heads()),
    el("tbody", {}, data.rows.map((row) => classRow(state, row)))))
}

/** @param {State} state @param {Row} row */
function classRow(state, row) {
  const num = (/** @type {string} */ words, kind = "") => el("td", { class: `num ${kind}` }, words)
  return el("tr", { class: row.few ? "few" : "" },
    el("th", { scope: "row" }, el("button", { title: `All galaxies of class ${row.name}`, onClick: () => state.pick(row.name) }, row.name),
      row.few ? el("small", { class: "gx-tone-warn", title: "Fewer than 20 test galaxies: unreliable figures" }, "few") : null),
    num(row.precision), num(row.recall), num(row.f1),
    el("td", { class: "track" }, isNumber(row.share) ? el("i", { style: `width:${100 * row.share}%` }) : null), num(row.n), num(row.n_train, "gx-soft"))
}
