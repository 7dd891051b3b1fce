// Precision, recall and F1 of each class; a click shows the galaxies of the class.

import { makeStore } from "../../../ui/kit/component.js"
import { el } from "../../../ui/kit/dom.js"
import { isNumber } from "../../../ui/kit/format.js"

const classScores = makeStore()

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".gx-class_scores")
  const state = classScores(parentElement, () => ({}))
  state.pick = (name) => setTriggerValue("pick", name)
  const key = JSON.stringify(data)
  if (key === state.drawn) return
  state.drawn = key
  const heads = [["Class", ""], ["Precision", "The share of galaxies classified as this class that belong to it"], ["Recall", "The share of galaxies of this class that are classified correctly"], ["F1", "Harmonic mean of precision and recall"], ["", ""], ["n", "Test galaxies"], ["Train", "Train galaxies"]]
  root.replaceChildren(el("table", {},
    el("thead", {}, el("tr", {}, heads.map(([title, note], i) => el("th", { scope: "col", title: note, class: i ? "num" : "" }, title)))),
    el("tbody", {}, data.rows.map((row) => classRow(state, row)))))
}

function classRow(state, row) {
  const name = el("button", { title: `All galaxies of class ${row.name}` }, row.name)
  name.onclick = () => state.pick(row.name)
  const num = (words, kind = "") => el("td", { class: `num ${kind}` }, words)
  return el("tr", { class: row.few ? "few" : "" },
    el("th", { scope: "row" }, name, row.few ? el("small", { class: "gx-tone-warn", title: "Fewer than 20 test galaxies: unreliable figures" }, "few") : null),
    num(row.precision), num(row.recall), num(row.f1),
    el("td", { class: "track" }, isNumber(row.share) ? el("i", { style: `width:${100 * row.share}%` }) : null), num(row.n), num(row.n_train, "gx-soft"))
}
