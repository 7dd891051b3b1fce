// The queue: active and waiting runs with their start times. Buttons move a waiting run and pause or resume a lane.

import { send } from "../../ui/kit/api.js"
import { makeStore } from "../../ui/kit/component.js"
import { el, find, keepFocus, plainClick, renew, svgShape } from "../../ui/kit/dom.js"
import { clockTime, duration, isNumber, sentence } from "../../ui/kit/format.js"
import { live, refresh } from "../../ui/kit/poll.js"
import { alertLine, problemWords } from "../../ui/kit/problems.js"
import { hasTrait, runHref, runTitle, stateMark } from "../../ui/kit/run.js"

/** @import { Lane, LaneQueue, Queue, QueueMove, QueuedRun, WaitingRun } from "../../api/contract.d.ts" */
/** @import { Mounting } from "../../ui/kit/mount.d.ts" */

/** @typedef {object} State
 * @property {HTMLElement} root
 * @property {(id: string) => void} open
 * @property {Queue | null} queue
 * @property {string | null} words what the last click did
 * @property {boolean} bad whether it failed
 * @property {Promise<void>} last the last click
 * @property {string} [drawn]
 * @property {(() => void) | null} [end]
 */

/** @type {ReturnType<typeof makeStore<State>>} */
const queues = makeStore()
/** @type {Record<Lane, string>} */
const LANE_WORDS = { train: "Training", light: "Light jobs", network: "Downloads" }
/** @type {[to: QueueMove["to"], words: string, path: string][]} */
const MOVES = [
  ["top", "Move to top", "M3 2.5h10M8 13.5v-8M4.5 9L8 5.5 11.5 9"], ["up", "Move up", "M8 13V3.5M4 7.5l4-4 4 4"],
  ["down", "Move down", "M8 3v9.5M4 8.5l4 4 4-4"],
]

/** @param {Mounting<{}>} mounting */
export default function ({ parentElement, setTriggerValue }) {
  const open = (/** @type {string} */ id) => setTriggerValue("open", id)
  const state = queues(parentElement, () => (
    { root: find(parentElement, ".gx-queue_list"), open, queue: null, words: null, bad: false, last: Promise.resolve() }))
  state.open = open
  state.end ??= live("/queue", {}, queuePace, ({ data, error }) => {
    if (data) takeQueue(state, data)
    else if (error) renew(state.root, alertLine(sentence(error)))
  })
  if (state.queue) drawQueue(state, state.queue)
  return () => {
    state.end?.()
    state.end = null
  }
}

/** @param {Queue} queue */
const queuePace = (queue) => (queue.lanes.some((lane) => lane.at_work || lane.waiting.length) ? 1500 : 4000)

/** @param {State} state @param {Queue} queue */
function takeQueue(state, queue) {
  if (state.queue && Date.parse(queue.read_at) < Date.parse(state.queue.read_at)) return // older than the last click
  state.queue = queue
  drawQueue(state, queue)
}

/** @param {State} state @param {Queue} queue */
function drawQueue(state, queue) {
  const drawn = JSON.stringify([queue, state.words, state.bad, Math.floor(Date.now() / 10000)])
  if (drawn === state.drawn) return
  state.drawn = drawn
  const lanes = queue.lanes.filter((lane) => lane.lane === "train" || lane.at_work || lane.waiting.length || lane.paused_at)
  const again = keepFocus(state.root, () => renew(state.root, lanes.map((lane) => laneBlock(state, queue, lane)),
    el("p", { class: `message ${state.bad ? "gx-tone-bad" : "gx-soft"}`, role: state.bad ? "alert" : "status" }, state.words)))
  if (!again?.matches(":disabled")) return
  const other = state.root.querySelector(`button[data-of="${CSS.escape(again.dataset.of ?? "")}"]:not(:disabled)`)
  if (other instanceof HTMLElement) other.focus()
}

/** @param {LaneQueue} lane */
const runsOf = (lane) => [...(lane.at_work ? [lane.at_work] : []), ...lane.waiting]

/** @param {State} state @param {Queue} queue @param {LaneQueue} lane */
function laneBlock(state, queue, lane) {
  const runs = runsOf(lane)
  return el("section", { "data-lane": lane.lane, "aria-label": `${LANE_WORDS[lane.lane]} queue`, class: lane.paused_at ? "paused" : "" },
    el("div", { class: "top" }, el("b", {}, LANE_WORDS[lane.lane]), el("span", { class: "gx-soft" }, laneWords(lane)), pauseButton(state, lane)),
    runs.length ? el("ol", {}, runs.map((run) => queueItem(state, queue, lane, run))) : null)
}

/** @param {LaneQueue} lane */
function laneWords(lane) {
  const n = lane.waiting.length
  const waits = n ? `${n} waiting` : lane.at_work ? "none waiting" : "idle"
  return lane.paused_at ? `paused since ${timeOfDay(lane.paused_at)}; active runs continue, no new ones start · ${waits}` : waits
}

/** @param {State} state @param {LaneQueue} lane */
function pauseButton(state, { lane, paused_at: paused }) {
  const verb = paused ? "resume" : "pause"
  const note = paused ? "Start waiting runs again" : "Active runs continue; no new ones start"
  const button = el("button", { "data-focus": `${verb} ${lane}`, title: note }, paused ? "Resume queue" : "Pause queue")
  button.onclick = () => press(state, () => send("post", `/queue/{lane}/${verb}`, { lane }), () => `${LANE_WORDS[lane]} queue ${verb}d.`)
  return button
}

/** @param {State} state @param {Queue} queue @param {LaneQueue} lane @param {QueuedRun | WaitingRun} run */
function queueItem(state, queue, lane, run) {
  const waiting = "queue_position" in run ? run : null
  return el("li", { "data-run": run.id, class: waiting ? "" : "now" },
    el("span", { class: "place gx-soft" }, waiting?.queue_position),
    el("span", { class: "what" }, queueTitle(state, run), el("small", { class: "gx-soft" }, [run.kind, run.dataset].filter(Boolean).join(" · "))),
    el("span", { class: "when" }, waiting ? startWords(queue, lane, waiting) : [stateMark({ ...run, queue_position: null }), leftWords(run)]),
    waiting ? el("span", { class: "moves" }, MOVES.map((move) => moveButton(state, lane, waiting, move))) : null)
}

/** @param {State} state @param {QueuedRun} run */
function queueTitle(state, run) {
  if (!hasTrait(run, "trains")) return el("span", {}, runTitle(run))
  const link = el("a", { href: runHref(run.id), "data-focus": `open ${run.id}` }, runTitle(run))
  link.onclick = (event) => plainClick(event, () => state.open(run.id))
  return link
}

/** @param {QueuedRun} run */
function leftWords({ state, progress: { eta_s: eta } }) {
  return state === "running" && isNumber(eta) ? el("span", { class: "gx-soft" }, `${duration(eta)} left`) : null
}

/** @param {Queue} queue @param {LaneQueue} lane @param {WaitingRun} run */
function startWords(queue, lane, run) {
  if (lane.paused_at) return el("span", { class: "gx-soft" }, "when resumed")
  if (!run.after) return el("span", {}, "next")
  if (run.starts_at) return el("span", { title: clockTime(run.starts_at) }, `about ${timeOfDay(run.starts_at)}`)
  const before = queue.lanes.flatMap(runsOf).find(({ id }) => id === run.after)
  return el("span", { class: "gx-soft" }, `after ${before ? runTitle(before) : run.after}`)
}

/** Hours and minutes, with the date if not today. @param {string} iso */
function timeOfDay(iso) {
  const at = new Date(iso)
  const today = at.toDateString() === new Date().toDateString()
  const day = today ? "" : `${at.toLocaleDateString([], { day: "numeric", month: "short" })} `
  return day + at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23" })
}

/** @param {State} state @param {LaneQueue} lane @param {WaitingRun} run @param {(typeof MOVES)[number]} move */
function moveButton(state, lane, run, [to, words, path]) {
  const useless = run.queue_position === (to === "down" ? lane.waiting.length : 1)
  const button = el("button", { class: "move", "data-focus": `${to} ${run.id}`, "data-of": run.id, disabled: useless,
    title: words, "aria-label": `${words}: ${runTitle(run)}` }, svgShape("ring", path))
  button.onclick = () => moveRun(state, run, to)
  return button
}

/** Sends the rank seen here, so that a run moved by someone else meanwhile is not moved again.
 * @param {State} state @param {WaitingRun} run @param {QueueMove["to"]} to */
function moveRun(state, run, to) {
  const now = () => state.queue?.lanes.flatMap((lane) => lane.waiting).find(({ id }) => id === run.id)
  press(state, () => send("post", "/runs/{run_id}/move", { run_id: run.id }, { to, rank: now()?.rank }), () => {
    const moved = now()
    return moved ? `${runTitle(moved)} is now ${moved.queue_position === 1 ? "next" : `number ${moved.queue_position}`}.` : ""
  })
}

/** Processes clicks in order, each on the result of the previous one.
 * @param {State} state @param {() => Promise<Queue>} request @param {() => string} done */
function press(state, request, done) {
  const act = async () => {
    try {
      state.queue = await request()
      Object.assign(state, { words: done(), bad: false })
    } catch (problem) {
      Object.assign(state, { words: problemWords(problem, "The server is not responding; nothing was changed."), bad: true })
    }
    if (state.queue) drawQueue(state, state.queue)
    refresh("/queue", {})
  }
  state.last = state.last.then(act, act)
}
