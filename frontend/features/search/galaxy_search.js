// Similarity search: a click makes a result the query, and the address follows.

import { acceptDrops, latestWins, listenToPage } from "../../ui/galaxies/picking.js"
import { isNewAddress, makeStore, reportView } from "../../ui/kit/component.js"
import { el } from "../../ui/kit/dom.js"
import { buildCompare, buildHalves, showCompare } from "./compare.js"
import { buildFilters, showFilters } from "./filters.js"
import { fetchResults, randomGalaxy, sendPicture } from "./net.js"
import { buildQuery, buildTrail, showQuery, showTrail } from "./query.js"
import { buildSpace, showSpace } from "./space.js"

/** @import { Mounting } from "../../ui/kit/mount.d.ts" */
/** @import { SearchState, SearchView } from "./state.d.ts" */

/** @type {ReturnType<typeof makeStore<SearchState>>} */
const searches = makeStore()
const REPORT_MS = 150
const MOST_TRAIL = 12

/** @param {Mounting<SearchState["data"]>} mounting */
export default function ({ data, parentElement, setTriggerValue }) {
  const state = searches(parentElement, () => build(/** @type {HTMLElement} */ (parentElement.querySelector(".gx-galaxy_search"))))
  const embedded = JSON.stringify(data.state)
  const changed = state.embedded !== embedded
  Object.assign(state, { data, embedded })
  state.send = (view) => setTriggerValue("view", { view, seq: ++state.seq })
  state.leave ??= listenToPage({ r: () => randomGalaxy(state), "/": () => state.box.focus() }, (file) => sendPicture(state, file))
  if (isNewAddress(state, data)) adopt(state, data.view)
  else if (changed) showAll(state)
  return () => leave(state)
}

/** @param {HTMLElement} root */
function build(root) {
  const state = /** @type {SearchState} */ ({ root, left: true, seq: 0, ticket: 0, kept: new Map(), own: new Map(), result: null, second: null, problem: null, message: "" })
  state.change = (changes) => change(state, changes)
  state.queueLoad = latestWins(() => fetchResults(state))
  state.says = el("div", { class: "says" })
  const compare = buildCompare(state)
  root.replaceChildren(buildSpace(state, compare), state.other.space, el("div", { class: "both" },
    buildQuery(state), el("div", { class: "found" }, buildTrail(state), buildFilters(state), state.says, buildHalves(state))))
  acceptDrops(root, (file) => sendPicture(state, file))
  return state
}

/** @param {SearchState} state */
function leave(state) {
  state.leave?.()
  state.leave = null
  clearTimeout(state.reportTimer)
  state.other.end?.()
  Object.assign(state.other, { end: null, following: null, key: null })
  state.left = true
}

/** Applies the view of the address. @param {SearchState} state @param {SearchView} view */
function adopt(state, view) {
  Object.assign(state, { left: false, sent: null })
  state.view = structuredClone(view)
  showAll(state)
}

/** @param {Pick<SearchView, "row" | "upload" | "plus" | "minus">} view */
export function hasQuery({ row, upload, plus, minus }) {
  return row !== null || upload !== null || plus.length > 0 || minus.length > 0
}

/** @param {SearchState} state */
function showAll(state) {
  showSpace(state)
  showCompare(state)
  showFilters(state)
  showQuery(state)
  showTrail(state)
  state.root.classList.toggle("waiting", !state.data.state?.ready)
  if (state.data.state?.ready && !hasQuery(state.view)) randomGalaxy(state) // the address has no query
  else state.queueLoad()
}

/** Applies a change: results follow immediately, the address shortly after.
 * @param {SearchState} state
 * @param {Partial<SearchView>} changes
 */
export function change(state, changes) {
  state.ticket++ // pending responses no longer count
  Object.assign(state.view, changes)
  showAll(state)
  reportView(state, REPORT_MS)
}

/** Makes a galaxy the query; the previous one joins the trail and its examples are dropped.
 * @param {SearchState} state
 * @param {number} row
 */
export function pivot(state, row) {
  const { row: before, trail } = state.view
  if (row === before) return
  const longer = before === null ? trail : [...trail, before].slice(-MOST_TRAIL)
  Object.assign(state, { message: "", problem: null })
  change(state, { row, upload: null, plus: [], minus: [], trail: longer })
}

/** Goes back to a galaxy of the trail. @param {SearchState} state @param {number} place */
export function retrace(state, place) {
  const { trail } = state.view
  change(state, { row: trail[place], upload: null, plus: [], minus: [], trail: trail.slice(0, place) })
}

/** Adds a galaxy to the positive (plus) or negative (minus) examples, or removes it.
 * @param {SearchState} state
 * @param {number} row
 * @param {"plus" | "minus"} kind
 */
export function example(state, row, kind) {
  const other = kind === "plus" ? "minus" : "plus"
  const { [kind]: own, [other]: others } = state.view
  change(state, {
    [kind]: own.includes(row) ? own.filter((one) => one !== row) : [...own, row],
    [other]: others.filter((one) => one !== row),
  })
}
