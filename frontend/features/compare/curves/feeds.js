// Fetches the points of the runs drawn: new points of active runs, and those of finished runs once.

import { firstTime, mergePoints } from "../../../ui/charts/points.js"
import { get, Refused } from "../../../ui/kit/api.js"
import { live } from "../../../ui/kit/poll.js"
import { TERMINAL } from "../../../ui/kit/run.js"
import { redraw } from "./compare_curves.js"

/** @import { ComparedRun, Run, RunState } from "../../../api/contract.d.ts" */
/** @import { Points } from "../../../ui/charts/points.js" */
/** @import { Compared } from "./compare_curves.js" */
/** The points of a run: `next` is how far each metric has been read, `whole` the metrics read to the end.
 * @typedef {ReturnType<typeof newFeed>} Feed
 */

const POINT_BUDGET = 24000
const ACTIVE = new Set(["starting", "running", "pausing", "stopping"])
const MOST_HELD = 3 // times the requested points, before a curve is thinned again

/** @param {ComparedRun} run */
function newFeed(run) {
  return {
    id: run.id, state: run.state, points: /** @type {Points} */ (new Map()), next: /** @type {Map<string, number>} */ (new Map()),
    whole: /** @type {Set<string>} */ (new Set()), attempt: /** @type {number | null} */ (null), start: 0, busy: false, lost: false, thinned: false,
    timer: 0, end: /** @type {(() => void) | null} */ (null),
  }
}

/** Follows the runs drawn; points of other runs are kept. @param {Compared} state */
export function syncFeeds(state) {
  const shown = new Set(state.shown.map((run) => run.id))
  for (const feed of state.feeds.values()) if (!shown.has(feed.id)) endFeed(feed)
  for (const run of state.shown) {
    const feed = state.feeds.get(run.id) ?? newFeed(run)
    state.feeds.set(run.id, feed)
    if (!TERMINAL.has(feed.state)) feed.end ??= live("/runs/{run_id}", { run_id: run.id }, statePace, ({ data }) => onRun(state, feed, data))
    readFeed(state, feed)
  }
}

/** @param {{ state: RunState }} run */
const statePace = (run) => (TERMINAL.has(run.state) ? 0 : ACTIVE.has(run.state) ? 1500 : 5000)

/** @param {Compared} state @param {Feed} feed @param {Run | null} run */
function onRun(state, feed, run) {
  if (!run || run.state === feed.state) return
  feed.state = run.state
  readFeed(state, feed)
}

/** @param {Feed} feed */
export function endFeed(feed) {
  clearTimeout(feed.timer)
  feed.end?.()
  feed.end = null
}

/** The visible metrics, grouped by how far they have been read. @param {Compared} state @param {Feed} feed */
function missingKeys(state, feed) {
  /** @type {Map<number, string[]>} */
  const byCursor = new Map()
  for (const key of state.data.keys) {
    if (!state.plots.get(key)?.inSight || feed.whole.has(key)) continue
    const since = feed.next.get(key) ?? 0
    byCursor.set(since, [...(byCursor.get(since) ?? []), key])
  }
  return byCursor
}

/** @param {Compared} state @param {Feed} feed */
export async function readFeed(state, feed) {
  if (feed.busy) return
  feed.busy = true
  clearTimeout(feed.timer)
  let wait = document.hidden ? 8000 : 1000
  try {
    for (const [since, keys] of missingKeys(state, feed)) await readKeys(state, feed, since, keys)
    feed.lost = false
  } catch (problem) {
    if (!(problem instanceof TypeError || problem instanceof Refused)) throw problem
    feed.lost = true
    wait = 3000
  } finally {
    feed.busy = false
  }
  if (!state.shown.some((run) => run.id === feed.id) || !state.root.isConnected) return
  const more = missingKeys(state, feed).size > 0
  if (feed.lost || (more && ACTIVE.has(feed.state))) feed.timer = window.setTimeout(() => readFeed(state, feed), wait)
  else if (more && TERMINAL.has(feed.state)) readFeed(state, feed)
  redraw(state)
}

/** One request, which completes the metrics of a finished run.
 * @param {Compared} state @param {Feed} feed @param {number} since @param {string[]} keys
 */
async function readKeys(state, feed, since, keys) {
  const ended = TERMINAL.has(feed.state)
  const most = Math.min(Math.max(Math.round(POINT_BUDGET / (state.shown.length * state.data.keys.length)), 250), 4000)
  const page = await get("/runs/{run_id}/metrics", { run_id: feed.id, since, max_points: most, keys: keys.join(",") })
  if (feed.attempt !== null && page.attempt !== feed.attempt) for (const part of [feed.points, feed.next, feed.whole]) part.clear()
  feed.attempt = page.attempt
  if (since > 0 && !feed.next.size) return // the request belongs to the previous attempt
  mergePoints(feed.points, page.series)
  feed.start = firstTime(feed.points)
  feed.thinned ||= Object.values(page.series).some((series) => series.step.length >= most)
  for (const key of keys) {
    feed.next.set(key, page.next)
    if (ended) feed.whole.add(key)
    if ((feed.points.get(key)?.step.length ?? 0) > MOST_HELD * most) for (const part of [feed.points, feed.next, feed.whole]) part.delete(key)
  }
  state.version++
  redraw(state)
}
