// Progress of the review: counts, the learned ranking, and previous and next galaxies.

import { galaxyPicture, nameOfGalaxy } from "../../../ui/galaxies/galaxy_dialog.js"
import { flagShape } from "../../../ui/galaxies/label_flags.js"
import { datasetPath } from "../../../ui/galaxies/picking.js"
import { API } from "../../../ui/kit/api.js"
import { el, renew } from "../../../ui/kit/dom.js"
import { grouped, sentence } from "../../../ui/kit/format.js"
import { datasetNow } from "../space.js"
import { walk } from "./actions.js"
import { isBare } from "./bar.js"
import { orderOf } from "./net.js"

const BEFORE = 4
const AFTER = 30

export function buildQueue(state) {
  state.queue = el("div", { class: "queue", role: "group", "aria-label": "Previous and next galaxies" })
  state.queue.onclick = (event) => {
    const row = event.target.closest("button")?.dataset.row
    const place = state.list.findIndex(({ galaxy }) => String(galaxy.row) === row)
    if (place >= 0) walk(state, place - state.at)
  }
  return state.queue
}

export function showQueue(state) {
  const of = datasetNow(state)
  const first = Math.max(state.at - BEFORE, 0), held = state.queue.contains(state.queue.getRootNode().activeElement)
  renew(state.queue, state.list.slice(first, state.at + AFTER).map((one, i) => queueItem(state, of, one, first + i)))
  if (held) state.queue.querySelector("[aria-current]")?.focus()
}

function queueItem(state, of, one, place) {
  const { row } = one.galaxy
  const rated = one.rating === null ? null : el("b", {}, String(one.rating))
  const flagged = state.doubts.flags.has(row) ? flagShape(true) : null
  const words = [nameOfGalaxy(one.galaxy), one.rating === null ? null : `rated ${one.rating}`, flagged ? "flagged" : null].filter(Boolean).join(", ")
  return el("button", { "data-row": row, "aria-label": words, title: words, "aria-current": place === state.at ? "true" : null, class: place < state.at ? "past" : "" },
    queuePicture(of, row), el("span", { class: "marks" }, rated, flagged))
}

function queuePicture(of, row) {
  const picture = galaxyPicture(of, row, 128, "")
  picture.fetchPriority = "low"
  return picture
}

/** Counts, the learned ranking, errors, and unsaved ratings. */
export function showSays(state) {
  const { page, problem, message, doubts } = state
  renew(state.alerts, problem ? el("p", { class: "gx-tone-bad", role: "alert" }, problem) : null, unsentWords(state))
  renew(state.messageBox, message ? el("p", { class: "gx-soft", role: "status" }, message) : doubts.line())
  renew(state.says, page ? countWords(state) : problem ? null : el("p", { class: "gx-soft", role: "status" }, "Computing the neighbours of all galaxies…"))
}

function countWords(state) {
  const { page, doubts, list } = state
  return [
    el("p", { class: "counted" }, el("b", {}, `${grouped(state.rated)} rated, ${grouped(state.flagged + doubts.change)} flagged`),
      el("span", { class: "gx-soft" }, orderWords(state)), ...fileLinks(state)),
    page.learned ? el("p", { class: "gx-soft learned" }, sentence(`Learned from ${page.learned.words}`)) : null,
    isBare(datasetNow(state)) ? el("p", { class: "gx-soft" }, `${state.view.dataset} has no labels to flag.`) : null,
    list.length ? null : el("p", {}, "No galaxies left: none match the filters, or all matching ones are rated.")]
}

function orderWords({ page, view }) {
  const how = { isolation: "most isolated first", mislabel: "most doubtful labels first", interest: view.learn === "flags" ? "most similar to flagged ones first" : "most interesting first" }[page.by]
  return `${grouped(page.total)} galaxies of ${page.dataset}, ${how}`
}

function unsentWords(state) {
  const n = state.outbox.size
  if (!state.lost || !n) return null
  return el("p", { class: "gx-tone-bad", role: "alert", "data-n": n }, `${n} ${n === 1 ? "rating is" : "ratings are"} not saved yet because the server is not responding. `
    + `${n === 1 ? "It is" : "They are"} stored in this browser and will be sent again.`)
}

function fileLinks(state) {
  const { dataset } = state.view
  const file = (address, word, title) => el("a", { href: API + address, download: "", title }, word)
  const ratings = (ending) => `${datasetPath(dataset)}/ratings.${ending}`
  const order = `/odd.csv?query=${encodeURIComponent(JSON.stringify({ ...orderOf(state), limit: 500 }))}`
  return [...(state.rated ? [file(ratings("csv"), "Ratings as CSV", "With RA, Dec, class, rating and links"), file(ratings("parquet"), "Parquet", "The same as Parquet")] : []),
    ...(state.flagged + state.doubts.change > 0 ? [file(`${datasetPath(dataset)}/flags.csv`, "Flags as CSV", "Labels flagged as doubtful")] : []),
    file(order, "Ranking as CSV", "The first 500, with score, class, labels of neighbours, and links")]
}
