// What the confusion matrix and the grid of galaxies show. A choice in one is seen in the other at once; the script learns of it
// for the address.

/** @import { PredictionOrder, Split } from "../../api/contract.d.ts" */

/** EvaluateView in url.py: the numbers of the matrix and the order of its classes, the classes of the galaxies (null: all),
 * their filters, order and page.
 * @typedef {{ shown: "counts" | "true" | "predicted" | "difference", classes: "given" | "similar", true: string | null,
 *   predicted: string | null, order: PredictionOrder, split: Split, flagged: boolean, min: number, max: number, seed: number,
 *   page: number }} View
 */
/** @typedef {{ view: View, browser_seq: number | null }} Address the view of the address, and its number if the browser sent it */

/** @typedef {ReturnType<typeof setTimeout> | undefined} Timer */

/** @type {Set<() => void>} */
const listeners = new Set()
/** `seq` numbers the choices, made `at` ms, of which `echoed` came back; `last` is the view that came last.
 * @type {{ view: View | null, seq: number, at: number, echoed: number, last: string, send: (view: Partial<View>, seq: number) => void,
 *   timer: Timer, leaving: Timer, unsent: boolean }}
 */
const shared = { view: null, seq: 0, at: -Infinity, echoed: 0, last: "", send: () => {}, timer: undefined, leaving: undefined, unsent: false }
const REPORT_MS = 150 // after the galaxies were asked for, which the server answers sooner alone
const IN_FLIGHT_MS = 3000 // a choice that has not come back by then was lost
const LEFT_MS = 1000 // a rerun may remove all listeners for a moment, and adds them again sooner

/** Calls `changed` after every change; returns a function that stops it.
 * @param {() => void} changed
 */
export function follow(changed) {
  listeners.add(changed)
  clearTimeout(shared.leaving)
  if (shared.unsent) report()
  return () => {
    listeners.delete(changed)
    if (!listeners.size) shared.leaving = setTimeout(leave, LEFT_MS)
  }
}

function leave() {
  clearTimeout(shared.timer)
  Object.assign(shared, { view: null, last: "", echoed: shared.seq, unsent: false })
}

/** How the script learns of a choice.
 * @param {(view: Partial<View>, seq: number) => void} send
 */
export function reportBy(send) {
  shared.send = send
}

/** Changes the view. Another cell starts at its first page.
 * @param {Partial<View>} changes
 */
export function choose(changes) {
  if (!shared.view) return
  const page = "true" in changes || "predicted" in changes ? { page: 1 } : {}
  show({ ...shared.view, ...page, ...changes })
  shared.seq++
  shared.at = Date.now()
  clearTimeout(shared.timer)
  shared.timer = setTimeout(report, REPORT_MS)
}

/** Sends what is chosen here; filters and order are the script's own. */
function report() {
  shared.unsent = !listeners.size
  if (!shared.unsent) shared.send(chosenHere(currentView()), shared.seq)
}

/** The part of a view that is chosen in the browser. @param {View} view */
const chosenHere = ({ shown, classes, true: row, predicted, seed, page }) => ({ shown, classes, true: row, predicted, seed, page })

/** Takes the view of the address, unless it is older than what was chosen here: a rerun of the script may still carry the view
 * from before a choice that is in flight. A filter that the script changed meanwhile joins the choice.
 * @param {Address} address
 */
export function take({ view, browser_seq: seq }) {
  const address = JSON.stringify(view)
  const isNew = seq === null ? address !== shared.last : seq >= shared.seq
  shared.last = address
  shared.echoed = Math.max(shared.echoed, seq ?? 0)
  const inFlight = seq === null && shared.seq > shared.echoed && Date.now() - shared.at < IN_FLIGHT_MS
  if (!shared.view || isNew) show(shared.view && inFlight ? { ...view, ...chosenHere(shared.view) } : view)
  shared.seq = Math.max(shared.seq, seq ?? 0)
}

export function currentView() {
  if (!shared.view) throw new Error("nothing is shown yet")
  return shared.view
}

/** @param {View} view */
function show(view) {
  if (JSON.stringify(view) === JSON.stringify(shared.view)) return
  shared.view = { ...view }
  for (const changed of [...listeners]) changed()
}
