// Ratings not saved yet: they are stored in this browser, survive a reload, and are sent again. A rating is {version, row,
// rating}; null removes it. `version` identifies the galaxies of a dataset.

import { datasetPath } from "../../../ui/galaxies/picking.js"
import { ask, Refused } from "../../../ui/kit/api.js"
import { showReview } from "./galaxy.js"
import { showSays } from "./queue.js"

const UNSENT = "galaxyscope.unsent-ratings"
const AGAIN_MS = 3000

export const outboxKey = (version, row) => `${version} ${row}`

export function readOutbox() {
  try {
    return new Map(JSON.parse(localStorage.getItem(UNSENT) ?? "[]").map((one) => [outboxKey(one.version, one.row), one]))
  } catch {
    return new Map() // a browser without storage
  }
}

function keepOutbox({ outbox }) {
  try {
    localStorage.setItem(UNSENT, JSON.stringify([...outbox.values()]))
  } catch { /* they are kept while the page is open */ }
}

export function sendRating(state, row, rating) {
  const one = { version: state.of, row, rating }
  state.outbox.delete(outboxKey(state.of, row))
  state.outbox.set(outboxKey(state.of, row), one)
  keepOutbox(state)
  return sendUnsent(state)
}

/** Sends pending ratings in order. */
export function sendUnsent(state) {
  clearTimeout(state.sendTimer)
  state.sending ??= sendAll(state).finally(() => { state.sending = null })
  return state.sending
}

async function sendAll(state) {
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

/** The first pending rating whose dataset exists. */
function nextUnsent({ outbox, data }) {
  for (const [key, unsent] of outbox) {
    const of = data.datasets.find(({ version }) => version === unsent.version)
    if (of) return { key, unsent, of }
  }
  return null
}

function sendOne({ unsent: { row, rating }, of }) {
  const path = `${datasetPath(of.dataset)}/ratings/${row}`
  if (rating === null) return ask(path, { method: "DELETE", priority: "high" })
  return ask(path, { method: "PUT", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ rating }), priority: "high" })
}

function loseServer(state) {
  state.lost = true
  if (!state.left) state.sendTimer = setTimeout(() => sendUnsent(state), AGAIN_MS)
  showSays(state)
}
