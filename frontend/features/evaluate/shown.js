// What the confusion matrix and the grid of galaxies show. A choice in one is seen in the other at once; the script learns of it
// for the address.

import { isNewAddress } from "../../ui/kit/component.js"

/** @import { EvaluateView, Viewed } from "../../api/contract.d.ts" */

/** The view without the evaluation: numbers and order of the matrix, cell, filters, order and page of the galaxies.
 * @typedef {Omit<EvaluateView, "run" | "evaluation" | "against">} View
 * @typedef {Viewed<View>} Address
 */

/** @typedef {ReturnType<typeof setTimeout> | undefined} Timer */

/** @type {Set<() => void>} */
const listeners = new Set()
/** `seq` numbers the choices, made `at` ms, of which `echoed` came back; `address` is the view that came last.
 * @type {{ view: View | null, seq: number, at: number, echoed: number, address?: string, send: (view: Partial<View>, seq: number) => void,
 *   timer: Timer, leaving: Timer, unsent: boolean }}
 */
const shared = { view: null, seq: 0, at: -Infinity, echoed: 0, send: () => {}, timer: undefined, leaving: undefined, unsent: false }
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
  Object.assign(shared, { view: null, address: undefined, echoed: shared.seq, unsent: false })
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

/** Takes the view of the address; filters and order always, the rest unless it is older than what was chosen here.
 * @param {Address} address
 */
export function take(address) {
  const { view, browser_seq: seq } = address
  shared.echoed = Math.max(shared.echoed, seq ?? 0)
  const inFlight = seq === null && shared.seq > shared.echoed && Date.now() - shared.at < IN_FLIGHT_MS
  const isNew = isNewAddress(shared, address) && !inFlight
  show(isNew || !shared.view ? view : { ...view, ...chosenHere(shared.view) })
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
