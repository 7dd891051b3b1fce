// Filters on galaxies: class, split, redshift and pixel scale. The owner provides `state.view`, `change`, and
// `state.foldName`, the title that shows the number of active filters.

import { fillSelect } from "../../ui/galaxies/picking.js"
import { el, putText, takeText } from "../../ui/kit/dom.js"
import { datasetNow } from "./space.js"

/** @import { Split } from "../../api/contract.d.ts" */
/** @import { BoundField, BoundName, Filters, Space } from "./state.d.ts" */

const ROW_BOUNDS = /** @type {const} */ ([["zmin", "Redshift from"], ["zmax", "to", "Redshift to"], ["pmin", "Arcsec/pixel from"], ["pmax", "to", "Arcsec/pixel to"]])

/** @param {Space} state */
export function buildRowFilters(state) {
  state.labels = el("select", { "aria-label": "Class" })
  state.labels.onchange = () => state.change({ label: state.labels.value || null })
  state.splits = el("select", { "aria-label": "Split" })
  state.splits.onchange = () => state.change({ split: /** @type {Split} */ (state.splits.value) || null })
  const bounds = ROW_BOUNDS.map(([name, words, whole]) => [name, boundField(words, (value) => state.change({ [name]: value }), whole)])
  state.bounds = /** @type {Record<BoundName, BoundField>} */ (Object.fromEntries(bounds))
  return [state.labels, state.splits, ...Object.values(state.bounds).map(({ node }) => node)]
}

/** A number field. @param {string} words @param {(value: number | null) => void} take @returns {BoundField} */
export function boundField(words, take, whole = words) {
  const input = el("input", { type: "number", step: "any", class: "number", "aria-label": whole })
  input.onchange = () => { takeText(input); take(input.value === "" ? null : Number(input.value)) }
  return { input, node: el("label", { class: "field" }, el("span", { class: "gx-soft" }, words), input) }
}

/** @param {Space} state */
export function showRowFilters(state) {
  const { view, bounds } = state
  const of = datasetNow(state)
  const classes = [...(of?.class_names ?? []), ...(of?.unlabelled && of.class_names.length ? ["unlabelled"] : [])]
  fillSelect(state.labels, [["", "any class"], ...classes.map((name) => [name, name])], view.label ?? "")
  state.labels.hidden = !classes.length
  fillSelect(state.splits, [["", "any split"], ...(of?.splits ?? []).map((name) => [name, name])], view.split ?? "")
  for (const [name] of ROW_BOUNDS) putText(bounds[name].input, view[name])
  bounds.zmin.node.hidden = bounds.zmax.node.hidden = !of?.redshift_range
  const on = Object.values(onlyOf(view)).filter((value) => value !== null).length
  state.foldName.textContent = on ? `Filters (${on})` : "Filters"
}

/** The current filters as a RowFilter. @param {Filters} view */
export function onlyOf({ label, split, zmin, zmax, pmin, pmax }) {
  return { label, split, redshift_min: zmin, redshift_max: zmax, pxscale_min: pmin, pxscale_max: pmax }
}
