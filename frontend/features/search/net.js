// Requests to the server, with a cache of results.

import { datasetPath, ticketOf, uploadPicture } from "../../ui/galaxies/picking.js"
import { ask, Refused } from "../../ui/kit/api.js"
import { sentence } from "../../ui/kit/format.js"
import { isOtherReady } from "./compare.js"
import { change, hasQuery, pivot } from "./galaxy_search.js"
import { showQuery, showTrail } from "./query.js"
import { onlyOf } from "./row_filters.js"
import { LOST_SERVER, spaceOf, spaceOfEmbedding } from "./space.js"
import { drawTiles, showSays } from "./tiles.js"

const KEPT_SEARCHES = 32

/** The search request of the current view; null without embeddings or query. */
export function requestOf(state) {
  const { view } = state
  if (!state.data.state?.ready || !hasQuery(view)) return null
  return { space: spaceOf(state), row: view.row, upload: view.upload, positives: view.plus, negatives: view.minus,
    k: view.k, least: view.least, keep_trivial: view.trivial, near_arcsec: view.near, exact: view.exact, only: onlyOf(view) }
}

export const queryOf = (request) => `query=${encodeURIComponent(JSON.stringify(request))}`

/** The same, including the second encoder if it is ready. */
function comparedRequest(state) {
  const request = requestOf(state)
  return request && isOtherReady(state) ? { ...request, against: spaceOfEmbedding(state.other.embedding) } : request
}

/** Searches with one encoder, or with two and their overlap. */
async function askEncoders(request) {
  if (request.against) return ask(`/search/compared?${queryOf(request)}`)
  return { first: await ask(`/search?${queryOf(request)}`), second: null, agreement: null }
}

export async function fetchResults(state) {
  const request = comparedRequest(state)
  const key = JSON.stringify(request)
  if (!request || state.shown === key) return
  const isCurrent = () => key === JSON.stringify(comparedRequest(state)) && !state.left
  try {
    const answer = state.kept.get(key) ?? await askEncoders(request)
    keepResult(state, key, answer)
    if (!isCurrent()) return
    Object.assign(state, { result: answer.first, second: answer.second, agreement: answer.agreement, shown: key, problem: null })
  } catch (problem) {
    if (isCurrent()) refuse(state, problem)
    return
  }
  showQuery(state)
  showTrail(state)
  drawTiles(state)
}

function keepResult(state, key, result) {
  state.kept.set(key, result)
  if (state.kept.size > KEPT_SEARCHES) state.kept.delete(state.kept.keys().next().value)
}

/** Shows an error; the last results stay. */
export function refuse(state, problem) {
  if (!(problem instanceof Refused) && !(problem instanceof TypeError)) throw problem
  state.problem = problem instanceof Refused ? sentence(problem.message) : LOST_SERVER
  showSays(state)
}

export async function randomGalaxy(state) {
  const { row, label } = state.view, current = ticketOf(state)
  const seed = row === null ? 1 : Math.floor(Math.random() * 2 ** 31)
  const of = label === null ? "" : `&label=${encodeURIComponent(label)}`
  try {
    const galaxy = await ask(`${datasetPath(state.view.dataset)}/random?seed=${seed}${of}`)
    if (current()) pivot(state, galaxy.row)
  } catch (problem) {
    if (current()) refuse(state, problem)
  }
}

/** Finds the galaxy described in the text box: a row, an id, a position or a link. */
export async function locateGalaxy(state, text) {
  if (!text.trim()) return
  const current = ticketOf(state)
  try {
    const found = await ask(`${datasetPath(state.view.dataset)}/locate?text=${encodeURIComponent(text)}`)
    if (!current()) return
    pivot(state, found.galaxy.row)
    Object.assign(state, { message: found.words && sentence(found.words), far: found.far })
    showSays(state)
    if (state.box.value === text) state.box.value = ""
  } catch (problem) {
    if (current()) refuse(state, problem)
  }
}

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

/** The image of an upload from an earlier visit, as preprocessed by the run of the encoder. */
export async function pictureSent(state, id) {
  const viewed = { run: state.view.run, checkpoint: String(state.data.state?.step ?? "last"), upload: id }
  try {
    const seen = await ask("/reconstructions", { method: "POST", headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ viewed, masking: { ratio: 0 } }) })
    state.own.set(id, `data:image/png;base64,${seen.original}`)
  } catch {
    state.own.set(id, null) // an encoder without a decoder; other errors are reported by the search
  }
  showQuery(state)
}
