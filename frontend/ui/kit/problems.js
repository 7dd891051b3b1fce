// Failed requests in words.

import { Refused } from "./api.js"
import { el } from "./dom.js"
import { sentence } from "./format.js"

export const LOST_SERVER = "The server is not responding; this page shows its last state."

/** What a failed request says: the sentence of the server, or `lost` without a connection. Faults of our own are thrown.
 * @param {unknown} problem
 */
export function problemWords(problem, lost = LOST_SERVER) {
  if (problem instanceof Refused) return sentence(problem.message)
  if (problem instanceof TypeError) return lost
  throw problem
}

/** @param {string} words */
export const alertLine = (words) => el("p", { class: "gx-tone-bad", role: "alert" }, words)

/** What stands in the place of what could not be loaded.
 * @param {unknown} problem
 * @param {() => void} again
 */
export const tryAgain = (problem, again) =>
  [alertLine(problemWords(problem, "The server is not responding.")), el("button", { onClick: again }, "Try again")]
