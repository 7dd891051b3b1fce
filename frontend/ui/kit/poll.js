// One poll per URL, shared by all components of the page.

import { Refused, ask } from "./api.js"

const LIVE = new Map()

/** Calls `listener({data, lost, error})` now and after each response; returns a function that stops it. `pace(data)` is
 * the time until the next poll in ms, 0 to stop. */
export function live(path, pace, listener) {
  let entry = LIVE.get(path)
  if (!entry) {
    entry = { listeners: new Set(), timer: 0, last: null, pace }
    LIVE.set(path, entry)
  }
  entry.listeners.add(listener)
  if (entry.last) listener(entry.last)
  if (!entry.timer) schedule(path, entry, 0)
  return () => {
    entry.listeners.delete(listener)
    if (entry.listeners.size) return
    clearTimeout(entry.timer)
    LIVE.delete(path)
  }
}

function schedule(path, entry, wait) {
  clearTimeout(entry.timer)
  entry.timer = setTimeout(() => poll(path, entry), wait)
}

async function poll(path, entry) {
  let next = 2000
  try {
    const data = await ask(path)
    entry.last = { data, lost: false, error: null }
    next = entry.pace(data)
  } catch (problem) {
    const refused = problem instanceof Refused
    entry.last = { data: entry.last?.data ?? null, lost: !refused, error: refused ? problem.message : null }
    if (refused) next = 10000
  }
  if (!entry.listeners.size) return
  for (const listener of [...entry.listeners]) listener(entry.last)
  entry.timer = 0
  if (next) schedule(path, entry, document.hidden ? Math.max(next, 8000) : next)
}

/** Polls a path now, if it has listeners. */
export function refresh(path) {
  const entry = LIVE.get(path)
  if (entry) schedule(path, entry, 0)
}
