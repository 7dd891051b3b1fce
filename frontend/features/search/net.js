// Requests to the server, with a cache of results.

import { fetchRandom } from "../../ui/galaxies/fetching.js"
import { ticketOf, uploadPicture } from "../../ui/galaxies/picking.js"
import { get, send } from "../../ui/kit/api.js"
import { keepNewest } from "../../ui/kit/cache.js"
import { sentence } from "../../ui/kit/format.js"
import { problemWords } from "../../ui/kit/problems.js"
import { secondReady } from "./compare.js"
import { change, hasQuery, pivot } from "./galaxy_search.js"
import { showQuery, showTrail } from "./query.js"
import { onlyOf } from "./row_filters.js"
import { spaceOf, spaceOfEmbedding } from "./space.js"
import { drawTiles, showSays } from "./tiles.js"

/** @import { Answers, SearchState } from "./state.d.ts" */
/** @typedef {NonNullable<ReturnType<typeof comparedRequest>>} Compared */

const KEPT_SEARCHES = 32
const RETRY_MS = 2000

/** The search request of the current view; null without embeddings or query. @param {SearchState} state */
export function requestOf(state) {
  const { view } = state
  if (!state.data.state?.ready || !hasQuery(view)) return null
  return { space: spaceOf(state), row: view.row, upload: view.upload, positives: view.plus, negatives: view.minus,
    k: view.k, least: view.least, keep_trivial: view.trivial, near_arcsec: view.near, exact: view.exact, only: onlyOf(view) }
}

/** @param {object} request */
export const queryOf = (request) => ({ query: JSON.stringify(request) })

/** The same, including the second encoder if it is ready. @param {SearchState} state */
function comparedRequest(state) {
  const request = requestOf(state)
  const other = secondReady(state)
  return request && { ...request, ...(other ? { against: spaceOfEmbedding(other) } : {}) }
}

/** Searches with one encoder, or with two and their overlap. @param {Compared} request @returns {Promise<Answers>} */
async function askEncoders(request) {
  if (request.against) return get("/search/compared", queryOf(request))
  return { first: await get("/search", queryOf(request)), second: null, agreement: null }
}

/** @param {SearchState} state */
export async function fetchResults(state) {
  const request = comparedRequest(state)
  const key = JSON.stringify(request)
  if (!request || state.shown === key) return
  const isCurrent = () => key === JSON.stringify(comparedRequest(state)) && !state.left
  try {
    const answer = state.kept.get(key) ?? await askEncoders(request)
    keepNewest(state.kept, key, answer, KEPT_SEARCHES)
    if (!isCurrent()) return
    Object.assign(state, { result: answer.first, second: answer.second, agreement: answer.agreement, shown: key, problem: null })
  } catch (problem) {
    if (!isCurrent()) return
    refuse(state, problem)
    if (problem instanceof TypeError) setTimeout(() => { if (isCurrent()) state.queueLoad() }, RETRY_MS) // no connection
    return
  }
  showQuery(state)
  showTrail(state)
  drawTiles(state)
}

/** Shows an error; the last results stay. @param {SearchState} state @param {unknown} problem */
export function refuse(state, problem) {
  state.problem = problemWords(problem)
  showSays(state)
}

/** @param {SearchState} state */
export async function randomGalaxy(state) {
  const current = ticketOf(state)
  try {
    const galaxy = await fetchRandom(state.view.dataset, state.view)
    if (current()) pivot(state, galaxy.row)
  } catch (problem) {
    if (current()) refuse(state, problem)
  }
}

/** Finds the galaxy described in the text box: a row, an id, a position or a link. @param {SearchState} state @param {string} text */
export async function locateGalaxy(state, text) {
  if (!text.trim()) return
  const current = ticketOf(state)
  try {
    const found = await get("/datasets/{name}/locate", { name: state.view.dataset, text })
    if (!current()) return
    pivot(state, found.galaxy.row)
    Object.assign(state, { message: found.words && sentence(found.words), far: found.far })
    showSays(state)
    if (state.box.value === text) state.box.value = ""
  } catch (problem) {
    if (current()) refuse(state, problem)
  }
}

/** @param {SearchState} state @param {File | null} file */
export async function sendPicture(state, file) {
  if (!file) return
  const current = ticketOf(state)
  try {
    const { id, notes } = await uploadPicture(file)
    if (!current()) return
    state.own.set(id, URL.createObjectURL(file))
    Object.assign(state, { message: notes.join(" "), far: false, problem: null })
    change(state, { upload: id, row: null, plus: [], minus: [], trail: [] })
  } catch (problem) {
    if (current()) refuse(state, problem)
  }
}

/** The image of an upload from an earlier visit, as preprocessed by the run of the encoder.
 * @param {SearchState} state
 * @param {string} id
 */
export async function pictureSent(state, id) {
  const viewed = { run: state.view.run, checkpoint: String(state.data.state?.step ?? "last"), upload: id }
  try {
    const seen = await send("post", "/reconstructions", {}, { viewed, masking: { ratio: 0, seed: 0, kind: "uniform" }, pixels: "interpolated", average: 1 })
    state.own.set(id, `data:image/png;base64,${seen.original}`)
  } catch {
    state.own.set(id, null) // an encoder without a decoder; other errors are reported by the search
  }
  showQuery(state)
}
