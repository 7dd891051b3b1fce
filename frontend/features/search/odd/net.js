// The ranking of the server, fetched in parts; a new ranking follows the galaxies already reviewed.

import { setDoubts } from "../../../ui/galaxies/label_flags.js"
import { get, Refused } from "../../../ui/kit/api.js"
import { problemWords } from "../../../ui/kit/problems.js"
import { onlyOf } from "../row_filters.js"
import { datasetNow, spaceOf } from "../space.js"
import { here, reportRow, walk } from "./actions.js"
import { showBar } from "./bar.js"
import { showReview } from "./galaxy.js"
import { outboxKey, sendUnsent } from "./outbox.js"

/** @import { OddGalaxy, OddPage } from "../../../api/contract.d.ts" */
/** @import { OddState } from "../state.d.ts" */

const PART = 50
const AHEAD = 30

/** The request of the ranking; null without embeddings. @param {OddState} state */
export function orderOf(state) {
  const { view } = state
  if (!state.data.state?.ready) return null
  return { space: spaceOf(state), by: view.by, k: view.k, ...(view.by === "interest" ? { learn_from: view.learn } : {}), only: onlyOf(view), with_rated: view.rated }
}

/** @param {object} request */
const fetchPart = (request) => get("/odd", { query: JSON.stringify(request) })

/** @param {OddState} state @returns {Promise<void>} */
export async function loadRanking(state, again = false) {
  const order = orderOf(state), key = JSON.stringify(order), row = state.view.row
  if (!order) return
  if (state.shown === key && !again) return showRow(state, row)
  const isCurrent = () => key === JSON.stringify(orderOf(state)) && !state.left
  try {
    const page = await fetchPart({ ...order, row, limit: PART })
    if (!isCurrent()) return
    takeRanking(state, page, key)
  } catch (problem) {
    if (!isCurrent()) return
    refuse(state, problem)
    if (problem instanceof Refused && problem.code === "nothing_to_learn") await keepOrder(state)
  }
}

/** Without ratings to learn from, shows the previous ranking, or that by isolation. @param {OddState} state */
async function keepOrder(state) {
  const { problem, page } = state
  state.view.by = page && page.by !== "interest" ? page.by : "isolation"
  showBar(state)
  await loadRanking(state)
  state.problem = problem
  showReview(state)
  reportRow(state)
}

/** Puts a new ranking after the galaxies already reviewed, if they are of the same dataset.
 * @param {OddState} state
 * @param {OddPage} page
 * @param {string} key
 */
function takeRanking(state, page, key) {
  const of = datasetNow(state)?.version ?? null
  if (of !== state.of) Object.assign(state, { list: [], at: 0, actions: [], touched: new Set(), of })
  if (of !== state.doubtsOf) setDoubts(state.doubts, [])
  const seen = state.list.slice(0, state.at + (state.touched.has(here(state)?.galaxy.row ?? -1) ? 1 : 0))
  Object.assign(state, { page, shown: key, problem: null, doubtsOf: of, rated: page.rated, flagged: page.flagged, received: new Map(), skipped: 0, waiting: false, list: seen, at: seen.length })
  state.doubts.change = 0
  addGalaxies(state, page)
  showRequested(state, page)
  showReview(state)
  reportRow(state)
}

/** @param {OddState} state @param {OddPage} page */
function addGalaxies(state, page) {
  const known = new Map(state.list.map((one) => [one.galaxy.row, one]))
  for (const one of page.galaxies) {
    const { row } = one.galaxy
    if (!known.has(row)) state.list.push(remembered(state, one, page))
    state.received.set(row, known.get(row) ?? one)
  }
}

/** Applies ratings not sent yet, and notes what the score means, as the ranking may change later.
 * @param {OddState} state
 * @param {OddGalaxy} found
 * @param {OddPage} page
 */
function remembered(state, found, { by, k }) {
  const one = Object.assign(found, { scored: { by, k, learn: state.view.learn } })
  const unsent = state.outbox.get(outboxKey(state.of, one.galaxy.row))
  if (unsent) one.rating = unsent.rating
  if (one.flag === null) state.doubts.flags.delete(one.galaxy.row)
  else state.doubts.flags.set(one.galaxy.row, one.flag)
  return one
}

/** Shows the galaxy of the address first, regardless of its rank. @param {OddState} state @param {OddPage} page */
function showRequested(state, page) {
  const one = page.asked
  if (!one) return
  const place = state.list.findIndex(({ galaxy }) => galaxy.row === one.galaxy.row)
  if (place >= 0) state.at = place
  else state.list.splice(state.at, 0, remembered(state, one, page))
}

/** The address has another galaxy of the same ranking, as after the Back button.
 * @param {OddState} state
 * @param {number | null} row
 * @returns {void | Promise<void>}
 */
function showRow(state, row) {
  const place = state.list.findIndex(({ galaxy }) => galaxy.row === row)
  if (row === null || place === state.at) return showReview(state)
  if (place < 0) return loadRanking(state, true)
  state.at = place
  showReview(state)
}

/** Loads the next part of the ranking before the end is reached. @param {OddState} state */
export async function loadMore(state) {
  if (state.loading || !hasMore(state) || state.list.length - state.at > AHEAD) return
  const key = state.shown, current = () => key === state.shown && !state.left
  state.loading = true
  try {
    await sendUnsent(state) // so that the server leaves out the same galaxies
    if (state.lost) state.waiting = false // rating continues; more is loaded when the server responds
    if (!current() || state.lost) return
    const more = await fetchPart({ ...orderOf(state), offset: placesLeft(state) + state.skipped, limit: PART })
    if (!current()) return
    const before = state.list.length
    addGalaxies(state, more)
    if (state.list.length === before) state.skipped += PART // galaxies rated since then have shifted the ranking
    state.page = { ...more, asked: null }
  } catch (problem) {
    state.waiting = false
    if (current()) refuse(state, problem)
    return
  } finally {
    state.loading = false
  }
  if (state.waiting) walk(state, 1)
  else showReview(state)
}

/** @param {OddState} state */
const keepsRated = ({ view }) => view.rated && view.by !== "interest"

/** The number of received galaxies still in the ranking; rated ones have left it. @param {OddState} state */
function placesLeft(state) {
  return [...state.received.values()].filter((one) => keepsRated(state) || one.rating === null).length
}

/** Whether the ranking has more galaxies. @param {Pick<OddState, "page">} state */
export const hasMore = ({ page }) => page !== null && page.offset + page.galaxies.length < page.total

/** Shows an error; the last galaxies stay. @param {OddState} state @param {unknown} problem */
function refuse(state, problem) {
  state.problem = problemWords(problem)
  showReview(state)
}
