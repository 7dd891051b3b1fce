// Progress of the review: counts, the learned ranking, and previous and next galaxies.

import { galaxyPicture, nameOfGalaxy } from "../../../ui/galaxies/galaxy_dialog.js"
import { flagShape } from "../../../ui/galaxies/label_flags.js"
import { address } from "../../../ui/kit/api.js"
import { el, renew } from "../../../ui/kit/dom.js"
import { grouped, sentence } from "../../../ui/kit/format.js"
import { alertLine } from "../../../ui/kit/problems.js"
import { datasetNow } from "../space.js"
import { walk } from "./actions.js"
import { isBare } from "./bar.js"
import { orderOf } from "./net.js"

/** @import { OddPage } from "../../../api/contract.d.ts" */
/** @import { DatasetOption, OddState, Reviewed } from "../state.d.ts" */

const BEFORE = 4
const AFTER = 30

/** @param {OddState} state */
export function buildQueue(state) {
  state.queue = el("div", { class: "queue", role: "group", "aria-label": "Previous and next galaxies" })
  state.queue.onclick = (event) => {
    const row = event.target instanceof Element ? event.target.closest("button")?.dataset.row : undefined
    const place = state.list.findIndex(({ galaxy }) => String(galaxy.row) === row)
    if (place >= 0) walk(state, place - state.at)
  }
  return state.queue
}

/** @param {OddState} state */
export function showQueue(state) {
  const of = datasetNow(state)
  const first = Math.max(state.at - BEFORE, 0), held = state.queue.matches(":focus-within")
  renew(state.queue, state.list.slice(first, state.at + AFTER).map((one, i) => of && queueItem(state, of, one, first + i)))
  if (held) Array.from(state.queue.querySelectorAll("button")).find((button) => button.hasAttribute("aria-current"))?.focus()
}

/** @param {OddState} state @param {DatasetOption} of @param {Reviewed} one @param {number} place */
function queueItem(state, of, one, place) {
  const { row } = one.galaxy
  const rated = one.rating === null ? null : el("b", {}, String(one.rating))
  const flagged = state.doubts.flags.has(row) ? flagShape(true) : null
  const words = [nameOfGalaxy(one.galaxy), one.rating === null ? null : `rated ${one.rating}`, flagged ? "flagged" : null].filter(Boolean).join(", ")
  return el("button", { "data-row": row, "aria-label": words, title: words, "aria-current": place === state.at ? "true" : null, class: place < state.at ? "past" : "" },
    queuePicture(of, row), el("span", { class: "marks" }, rated, flagged))
}

/** @param {DatasetOption} of @param {number} row */
function queuePicture(of, row) {
  const picture = galaxyPicture(of, row, 128, "")
  picture.fetchPriority = "low"
  return picture
}

/** Counts, the learned ranking, errors, and unsaved ratings. @param {OddState} state */
export function showSays(state) {
  const { page, problem, message, doubts } = state
  renew(state.alerts, problem ? alertLine(problem) : null, unsentWords(state))
  renew(state.messageBox, message ? el("p", { class: "gx-soft", role: "status" }, message) : doubts.line())
  renew(state.says, page ? countWords(state, page) : problem ? null : el("p", { class: "gx-soft", role: "status" }, "Computing the neighbours of all galaxies…"))
}

/** @param {OddState} state @param {OddPage} page */
function countWords(state, page) {
  const { doubts, list } = state
  return [
    el("p", { class: "counted" }, el("b", {}, `${grouped(state.rated)} rated, ${grouped(state.flagged + doubts.change)} flagged`),
      el("span", { class: "gx-soft" }, orderWords(state, page)), ...fileLinks(state)),
    page.learned ? el("p", { class: "gx-soft learned" }, sentence(`Learned from ${page.learned.words}`)) : null,
    isBare(datasetNow(state)) ? el("p", { class: "gx-soft" }, `${state.view.dataset} has no labels to flag.`) : null,
    list.length ? null : el("p", {}, "No galaxies left: none match the filters, or all matching ones are rated.")]
}

/** @param {OddState} state @param {OddPage} page */
function orderWords({ view }, page) {
  const how = { isolation: "most isolated first", mislabel: "most doubtful labels first", interest: view.learn === "flags" ? "most similar to flagged ones first" : "most interesting first" }[page.by]
  return `${grouped(page.total)} galaxies of ${page.dataset}, ${how}`
}

/** @param {OddState} state */
function unsentWords(state) {
  const n = state.outbox.size
  if (!state.lost || !n) return null
  return el("p", { class: "gx-tone-bad", role: "alert", "data-n": n }, `${n} ${n === 1 ? "rating is" : "ratings are"} not saved yet because the server is not responding. `
    + `${n === 1 ? "It is" : "They are"} stored in this browser and will be sent again.`)
}

/** @param {OddState} state */
function fileLinks(state) {
  const { dataset } = state.view
  const file = (/** @type {string} */ href, /** @type {string} */ word, /** @type {string} */ title) => el("a", { href, download: "", title }, word)
  const ratings = (/** @type {string} */ format) => address("/datasets/{name}/ratings.{file_format}", { name: dataset, file_format: format })
  const flags = address("/datasets/{name}/flags.{file_format}", { name: dataset, file_format: "csv" })
  const order = address("/odd.{file_format}", { file_format: "csv", query: JSON.stringify({ ...orderOf(state), limit: 500 }) })
  return [...(state.rated ? [file(ratings("csv"), "Ratings as CSV", "With RA, Dec, class, rating and links"), file(ratings("parquet"), "Parquet", "The same as Parquet")] : []),
    ...(state.flagged + state.doubts.change > 0 ? [file(flags, "Flags as CSV", "Labels flagged as doubtful")] : []),
    file(order, "Ranking as CSV", "The first 500, with score, class, labels of neighbours, and links")]
}
