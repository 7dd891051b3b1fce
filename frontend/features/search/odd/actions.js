// Rating, flagging, moving and undo.

import { turnFlag } from "../../../ui/galaxies/label_flags.js"
import { reportView } from "../../../ui/kit/component.js"
import { datasetNow } from "../space.js"
import { showBar } from "./bar.js"
import { showReview } from "./galaxy.js"
import { hasMore, loadRanking } from "./net.js"
import { REST_MS } from "./odd_review.js"
import { sendRating, sendUnsent } from "./outbox.js"
import { showSays } from "./queue.js"

/** @import { Action, OddState, Reviewed } from "../state.d.ts" */

/** Whether the loaded galaxies belong to the selected dataset; keys are ignored while it changes. @param {OddState} state */
const isShown = (state) => Boolean(state.data.state?.ready) && datasetNow(state)?.version === state.of
/** @param {OddState} state */
export const here = (state) => (isShown(state) ? state.list[state.at] : undefined)
const MOST_ACTIONS = 500

/** @param {OddState} state @param {number} rating */
export function rate(state, rating) {
  const one = here(state)
  if (!one || state.waiting) return
  remember(state, { kind: "rating", one, before: one.rating })
  setRating(state, one, rating)
  state.waiting = state.at === state.list.length - 1 && hasMore(state) && !state.lost // advances once more galaxies are loaded
  if (state.at < state.list.length - 1) walk(state, 1)
  else showReview(state)
}

/** @param {OddState} state @param {Reviewed} one @param {number | null} rating */
function setRating(state, one, rating) {
  state.rated += Number(rating !== null) - Number(one.rating !== null)
  one.rating = rating
  state.touched.add(one.galaxy.row)
  Object.assign(state, { message: "", problem: null })
  sendRating(state, one.galaxy.row, rating)
}

/** @param {OddState} state @param {Action} act */
function remember(state, act) {
  state.actions.push(act)
  if (state.actions.length > MOST_ACTIONS) state.actions.shift()
}

/** @param {OddState} state @param {number} step */
export function walk(state, step) {
  const to = state.at + step
  state.waiting = false
  if (!state.list[to]) return
  state.at = to
  showReview(state)
  reportRow(state)
}

/** @param {OddState} state */
export function reportRow(state) {
  state.view.row = here(state)?.galaxy.row ?? null
  reportView(state, REST_MS)
}

/** Undoes the last rating or flag and shows its galaxy. @param {OddState} state */
export async function undo(state) {
  const act = isShown(state) ? state.actions.pop() : null
  if (!act) return
  if (act.kind === "rating") setRating(state, act.one, act.before)
  else if (!(await turnFlagBack(state, act))) return showReview(state) // failed: the flag line shows why
  const place = state.list.indexOf(act.one)
  if (place >= 0) state.at = place
  else state.list.splice(state.at, 0, act.one)
  const what = act.kind === "flag" ? "flag" : act.before === null ? "rating" : `rating (${act.before} again)`
  state.message = `Undone: ${what} of galaxy ${act.one.galaxy.row}.`
  showReview(state)
  reportRow(state)
}

/** Restores the flag to its previous state, which its own undo button may have done already.
 * @param {OddState} state
 * @param {Action & { kind: "flag" }} act
 */
async function turnFlagBack(state, { one: { galaxy }, on }) {
  const isAsActed = () => state.doubts.flags.has(galaxy.row) === on
  if (isAsActed()) await turnFlag(state.doubts, { dataset: state.view.dataset }, galaxy)
  return !isAsActed()
}

/** @param {OddState} state */
export async function flagHere(state) {
  const one = here(state)
  if (!one) return
  if (one.galaxy.label === null) {
    state.message = "This galaxy has no label."
    return showSays(state)
  }
  state.message = ""
  const before = state.doubts.flags.has(one.galaxy.row)
  await turnFlag(state.doubts, { dataset: state.view.dataset }, one.galaxy)
  if (state.doubts.flags.has(one.galaxy.row) === before) return
  state.touched.add(one.galaxy.row)
  remember(state, { kind: "flag", one, on: !before })
  showReview(state)
}

/** Learns a ranking from the ratings for the remaining galaxies; reviewed ones stay. @param {OddState} state */
export async function learn(state) {
  if (!state.data.state?.ready) return
  await sendUnsent(state)
  if (state.lost) return showSays(state)
  const again = state.view.by === "interest"
  Object.assign(state.view, { by: "interest", row: null })
  state.problem = null
  showBar(state)
  await loadRanking(state, again)
  reportRow(state)
}
