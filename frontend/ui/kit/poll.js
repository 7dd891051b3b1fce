// One poll per URL, shared by all components of the page.

import { address, fetchJson, Refused } from "./api.js"

/** @import { Answer, Params, Route } from "../../api/contract.d.ts" */

/** The last answer; `lost` without a connection, `error` if the server refused.
 * @template T
 * @typedef {{ data: T | null, lost: boolean, error: string | null }} Polled
 */

/** @typedef {(polled: Polled<any>) => void} Listener */
/** @typedef {{ listeners: Set<Listener>, timer: number, last: Polled<any> | null, pace: (data: any) => number }} Poll */

const LOST_MS = 2000, REFUSED_MS = 10_000, HIDDEN_MS = 8000

/** @type {Map<string, Poll>} */
const POLLS = new Map()

/** Calls `listener` now and after each answer; returns a function that stops it. `pace(data)` is the time until the next
 * poll in ms, 0 to stop.
 * @template {Route<"get">} R
 * @param {R} route
 * @param {Params<"get", R>} params
 * @param {(data: Answer<"get", R>) => number} pace
 * @param {(polled: Polled<Answer<"get", R>>) => void} listener
 */
export function live(route, params, pace, listener) {
  const url = address(route, params)
  let entry = POLLS.get(url)
  if (!entry) {
    entry = { listeners: new Set(), timer: 0, last: null, pace }
    POLLS.set(url, entry)
  }
  const shared = entry
  shared.listeners.add(listener)
  if (shared.last) listener(shared.last)
  if (!shared.timer) schedule(url, shared, 0)
  return () => {
    shared.listeners.delete(listener)
    if (shared.listeners.size) return
    clearTimeout(shared.timer)
    POLLS.delete(url)
  }
}

/** @param {string} url @param {Poll} entry @param {number} wait */
function schedule(url, entry, wait) {
  clearTimeout(entry.timer)
  entry.timer = window.setTimeout(() => poll(url, entry), wait)
}

/** @param {string} url @param {Poll} entry */
async function poll(url, entry) {
  let next = LOST_MS
  try {
    const data = await fetchJson(url)
    entry.last = { data, lost: false, error: null }
    next = entry.pace(data)
  } catch (problem) {
    const refused = problem instanceof Refused
    entry.last = { data: entry.last?.data ?? null, lost: !refused, error: refused ? problem.message : null }
    if (refused) next = REFUSED_MS
  }
  if (!entry.listeners.size) return
  for (const listener of [...entry.listeners]) listener(entry.last)
  entry.timer = 0
  if (next) schedule(url, entry, document.hidden ? Math.max(next, HIDDEN_MS) : next)
}

/** Polls a route now, if it has listeners.
 * @template {Route<"get">} R
 * @param {R} route
 * @param {Params<"get", R>} params
 */
export function refresh(route, params) {
  const url = address(route, params)
  const entry = POLLS.get(url)
  if (entry) schedule(url, entry, 0)
}
