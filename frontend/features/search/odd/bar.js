// Ranking criterion, neighbours, filters, and learning.

import { fillSelect } from "../../../ui/galaxies/picking.js"
import { reportView } from "../../../ui/kit/component.js"
import { el } from "../../../ui/kit/dom.js"
import { buildRowFilters, showRowFilters } from "../row_filters.js"
import { datasetNow } from "../space.js"
import { learn } from "./actions.js"
import { change, ODD_REPORT_MS } from "./odd_review.js"

/** @import { LearnFrom } from "../../../api/contract.d.ts" */
/** @import { DatasetOption, OddState } from "../state.d.ts" */

const BY_NAMES = /** @type {const} */ ([["isolation", "Isolated", "Far from its neighbours"], ["mislabel", "Mislabelled?", "Neighbours have another label"],
  ["interest", "Interesting", "Similar to galaxies you rated high or flagged"]])
const KS = [5, 10, 20, 50]
const SOURCES = [["ratings", "my ratings"], ["flags", "label flags"]]

/** @param {OddState} state */
export function buildBar(state) {
  state.orders = BY_NAMES.map(([by, word, title]) => el("button", { title, onClick: () => change(state, { by }) }, word))
  state.ks = el("select", { "aria-label": "Neighbours" })
  state.ks.onchange = () => change(state, { k: Number(state.ks.value) })
  state.sources = el("select", { "aria-label": "Learn from" })
  state.sources.onchange = () => chooseSource(state)
  state.learning = el("button", { class: "gx-main", "aria-keyshortcuts": "l", onClick: () => learn(state) }, "Learn")
  return el("div", { class: "bar" },
    el("div", { class: "group", role: "group", "aria-label": "Rank by" }, state.orders),
    el("div", { class: "group" }, state.learning, el("span", { class: "gx-soft" }, "from"), state.sources), buildFold(state))
}

/** A change of source applies to the next learning, or immediately if the ranking is a learned one. @param {OddState} state */
function chooseSource(state) {
  const source = /** @type {LearnFrom} */ (state.sources.value)
  if (state.view.by === "interest") return change(state, { learn: source })
  state.view.learn = source
  showBar(state)
  reportView(state, ODD_REPORT_MS)
}

/** @param {OddState} state */
function buildFold(state) {
  state.withRated = el("input", { type: "checkbox" })
  state.withRated.onchange = () => change(state, { rated: state.withRated.checked })
  state.foldName = el("summary", {}, "Filters")
  const field = (/** @type {string} */ word, /** @type {HTMLElement} */ node) => el("label", { class: "field" }, el("span", { class: "gx-soft" }, word), node)
  return el("details", {}, state.foldName, el("div", { class: "fold" }, buildRowFilters(state),
    field("Neighbours", state.ks),
    el("label", { class: "check" }, state.withRated, "Include rated galaxies")))
}

/** @param {OddState} state */
export function showBar(state) {
  const { view } = state
  const bare = isBare(datasetNow(state))
  state.orders.forEach((button, place) => {
    const [by, , title] = BY_NAMES[place]
    button.setAttribute("aria-pressed", String(view.by === by))
    button.disabled = by === "mislabel" && bare
    button.title = button.disabled ? `${view.dataset} has no labels` : title
  })
  fillSelect(state.ks, [...new Set([...KS, view.k])].sort((a, b) => a - b).map((k) => [String(k), String(k)]), String(view.k))
  fillSelect(state.sources, SOURCES, view.learn)
  state.withRated.checked = view.rated
  state.learning.title = view.learn === "flags" ? "Learn to distinguish flagged labels from rated galaxies without a flag (l)" : "Learn to predict your ratings (l)"
  showRowFilters(state)
}

/** @param {DatasetOption | null} of */
export const isBare = (of) => !of?.class_names.length || of.unlabelled === of.n
