// Ratings not saved yet: they are stored in this browser, survive a reload, and are sent again.

import { Refused, send } from "../../../ui/kit/api.js"
import { showReview } from "./galaxy.js"
import { showSays } from "./queue.js"

/** @import { DatasetOption, OddState, Unsent } from "../state.d.ts" */
/** @typedef {{ key: string, unsent: Unsent, of: DatasetOption }} Sending */

const UNSENT = "galaxyscope.unsent-ratings"
const AGAIN_MS = 3000

/** @param {string | null} version @param {number} row */
export const outboxKey = (version, row) => `${version} ${row}`

/** @returns {Map<string, Unsent>} */
export function readOutbox() {
  try {
    /** @type {Unsent[]} */
    const kept = JSON.parse(localStorage.getItem(UNSENT) ?? "[]")
    return new Map(kept.map((one) => [outboxKey(one.version, one.row), one]))
  } catch {
    return new Map() // a browser without storage
  }
}

/** @param {OddState} state */
function keepOutbox({ outbox }) {
  try {
    localStorage.setItem(UNSENT, JSON.stringify([...outbox.values()]))
  } catch { /* they are kept while the page is open */ }
}

/** @param {OddState} state @param {number} row @param {number | null} rating */
export function sendRating(state, row, rating) {
  const one = { version: state.of ?? "", row, rating }
  state.outbox.delete(outboxKey(state.of, row))
  state.outbox.set(outboxKey(state.of, row), one)
  keepOutbox(state)
  return sendUnsent(state)
}

/** Sends pending ratings in order. @param {OddState} state */
export function sendUnsent(state) {
  clearTimeout(state.sendTimer)
  state.sending ??= sendAll(state).finally(() => { state.sending = null })
  return state.sending
}

/** @param {OddState} state */
async function sendAll(state) {
  /** @type {Sending | null} */
  let one
  while ((one = nextUnsent(state))) {
    try {
      await sendOne(one)
      if (state.lost && state.page) setTimeout(() => showReview(state)) // continues loading once all is sent
      state.lost = false
    } catch (problem) {
      if (!(problem instanceof Refused)) return loseServer(state)
      state.message = `The rating of galaxy ${one.unsent.row} was not saved: ${problem.message}`
    }
    if (state.outbox.get(one.key) === one.unsent) state.outbox.delete(one.key)
    keepOutbox(state)
    if (state.page) showSays(state)
  }
}

/** The first pending rating whose dataset exists. @param {OddState} state @returns {Sending | null} */
function nextUnsent({ outbox, data }) {
  for (const [key, unsent] of outbox) {
    const of = data.datasets.find(({ version }) => version === unsent.version)
    if (of) return { key, unsent, of }
  }
  return null
}

/** @param {Sending} sending */
function sendOne({ unsent: { row, rating }, of }) {
  const route = "/datasets/{name}/ratings/{row}", params = { name: of.dataset, row }
  if (rating === null) return send("delete", route, params, undefined, { priority: "high" })
  return send("put", route, params, { rating }, { priority: "high" })
}

/** @param {OddState} state */
function loseServer(state) {
  state.lost = true
  if (!state.left) state.sendTimer = window.setTimeout(() => sendUnsent(state), AGAIN_MS)
  showSays(state)
}
