// Filters on galaxies: class, split, redshift and pixel scale. The owner provides `state.view`, `change`, and
// `state.foldName`, the title that shows the number of active filters.

import { fillSelect } from "../../ui/galaxies/picking.js"
import { el, putText, takeText } from "../../ui/kit/dom.js"
import { datasetNow } from "./space.js"

const ROW_BOUNDS = [["zmin", "Redshift from"], ["zmax", "to", "Redshift to"], ["pmin", "Arcsec/pixel from"], ["pmax", "to", "Arcsec/pixel to"]]

export function buildRowFilters(state) {
  state.labels = el("select", { "aria-label": "Class" })
  state.labels.onchange = () => state.change({ label: state.labels.value || null })
  state.splits = el("select", { "aria-label": "Split" })
  state.splits.onchange = () => state.change({ split: state.splits.value || null })
  state.bounds = Object.fromEntries(ROW_BOUNDS.map(([name, words, whole]) => [name, boundField(state, name, words, null, whole)]))
  return [state.labels, state.splits, ...Object.values(state.bounds).map(({ node }) => node)]
}

/** A number field; `without` is the value of an empty field. */
export function boundField(state, name, words, without, whole = words) {
  const input = el("input", { type: "number", step: "any", class: "number", "aria-label": whole })
  input.onchange = () => { takeText(input); state.change({ [name]: input.value === "" ? without : Number(input.value) }) }
  return { input, node: el("label", { class: "field" }, el("span", { class: "gx-soft" }, words), input) }
}

export function showRowFilters(state) {
  const { view, bounds } = state
  const of = datasetNow(state)
  const classes = [...(of?.class_names ?? []), ...(of?.unlabelled && of.class_names.length ? ["unlabelled"] : [])]
  fillSelect(state.labels, [["", "any class"], ...classes.map((name) => [name, name])], view.label ?? "")
  state.labels.hidden = !classes.length
  fillSelect(state.splits, [["", "any split"], ...(of?.splits ?? []).map((name) => [name, name])], view.split ?? "")
  for (const [name, { input }] of Object.entries(bounds)) putText(input, view[name])
  for (const name of ["zmin", "zmax"]) bounds[name].node.hidden = !of?.redshift_range
  const on = ["label", "split", ...ROW_BOUNDS.map(([name]) => name)].filter((name) => view[name] !== null).length
  state.foldName.textContent = on ? `Filters (${on})` : "Filters"
}

/** The current filters as a RowFilter. */
export function onlyOf({ label, split, zmin, zmax, pmin, pmax }) {
  return { label, split, redshift_min: zmin, redshift_max: zmax, pxscale_min: pmin, pxscale_max: pmax }
}
