// The queue: active and waiting runs with their start times. Buttons move a waiting run and pause or resume a lane.

import { ask, Refused } from "../../ui/kit/api.js"
import { makeStore } from "../../ui/kit/component.js"
import { el, exists, plainClick, renew, svgShape } from "../../ui/kit/dom.js"
import { clockTime, duration, isNumber, sentence } from "../../ui/kit/format.js"
import { livePath, refreshPath } from "../../ui/kit/poll.js"
import { hasTrait, runPath, runTitle, stateMark } from "../../ui/kit/run.js"

const queues = makeStore()
const LANE_WORDS = { train: "Training", light: "Light jobs", network: "Downloads" }
const MOVES = [
  ["top", "Move to top", "M3 2.5h10M8 13.5v-8M4.5 9L8 5.5 11.5 9"], ["up", "Move up", "M8 13V3.5M4 7.5l4-4 4 4"],
  ["down", "Move down", "M8 3v9.5M4 8.5l4 4 4-4"],
]

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".gx-queue_list")
  const state = queues(parentElement, () => ({ root, queue: null, words: null, bad: false, last: Promise.resolve() }))
  state.open = (id) => setTriggerValue("open", id)
  state.data = data
  state.end ??= livePath("/queue", queuePace, (response) => takeQueue(state, response))
  if (state.queue) drawQueue(state)
  return () => {
    state.end?.()
    state.end = null
  }
}

const queuePace = (queue) => (queue.lanes.some((lane) => lane.at_work || lane.waiting.length) ? 1500 : 4000)

function takeQueue(state, { data, error }) {
  if (!data) return void (error && renew(state.root, el("p", { class: "gx-tone-bad", role: "alert" }, sentence(error))))
  if (state.queue && Date.parse(data.read_at) < Date.parse(state.queue.read_at)) return // older than the last click
  state.queue = data
  drawQueue(state)
}

function drawQueue(state) {
  const drawn = JSON.stringify([state.queue, state.words, state.bad, Math.floor(Date.now() / 10000)])
  if (drawn === state.drawn) return
  state.drawn = drawn
  const focused = state.root.getRootNode().activeElement?.dataset.focus
  const lanes = state.queue.lanes.filter((lane) => lane.lane === "train" || lane.at_work || lane.waiting.length || lane.paused_at)
  renew(state.root, lanes.map((lane) => laneBlock(state, lane)),
    el("p", { class: `message ${state.bad ? "gx-tone-bad" : "gx-soft"}`, role: state.bad ? "alert" : "status" }, state.words))
  if (focused) focusAgain(state, focused)
}

/** Focuses the same button, or another one of the same run if it is disabled now. */
function focusAgain(state, focused) {
  const same = state.root.querySelector(`[data-focus="${CSS.escape(focused)}"]`)
  const other = same?.disabled ? state.root.querySelector(`button[data-of="${CSS.escape(same.dataset.of)}"]:not(:disabled)`) : same
  other?.focus()
}

function laneBlock(state, lane) {
  const runs = [lane.at_work, ...lane.waiting].filter(Boolean)
  const items = runs.map((run) => queueItem(state, lane, run))
  return el("section", { "data-lane": lane.lane, "aria-label": `${LANE_WORDS[lane.lane]} queue`, class: lane.paused_at ? "paused" : "" },
    el("div", { class: "top" }, el("b", {}, LANE_WORDS[lane.lane]), el("span", { class: "gx-soft" }, laneWords(lane)), pauseButton(state, lane)),
    runs.length ? el("ol", {}, items) : null)
}

function laneWords(lane) {
  const n = lane.waiting.length
  const waits = n ? `${n} waiting` : lane.at_work ? "none waiting" : "idle"
  return lane.paused_at ? `paused since ${timeOfDay(lane.paused_at)}; active runs continue, no new ones start · ${waits}` : waits
}

function pauseButton(state, lane) {
  const verb = lane.paused_at ? "resume" : "pause"
  const button = el("button", { "data-focus": `${verb} ${lane.lane}`, title: lane.paused_at ? "Start waiting runs again" : "Active runs continue; no new ones start" },
    lane.paused_at ? "Resume queue" : "Pause queue")
  button.onclick = () => press(state, `/queue/${lane.lane}/${verb}`, () => null, () => `${LANE_WORDS[lane.lane]} queue ${lane.paused_at ? "resumed" : "paused"}.`)
  return button
}

function queueItem(state, lane, run) {
  const waits = exists(run.queue_position)
  return el("li", { "data-run": run.id, class: waits ? "" : "now" },
    el("span", { class: "place gx-soft" }, waits ? String(run.queue_position) : ""),
    el("span", { class: "what" }, queueTitle(state, run), el("small", { class: "gx-soft" }, [run.kind, run.dataset].filter(Boolean).join(" · "))),
    el("span", { class: "when" }, waits ? startWords(state, lane, run) : [stateMark(run), leftWords(run)]),
    waits ? el("span", { class: "moves" }, MOVES.map((move) => moveButton(state, lane, run, move))) : null)
}

function queueTitle(state, run) {
  if (!hasTrait(run, "trains")) return el("span", {}, runTitle(run))
  const link = el("a", { href: `/run?run=${encodeURIComponent(run.id)}`, "data-focus": `open ${run.id}` }, runTitle(run))
  link.onclick = (event) => plainClick(event, () => state.open(run.id))
  return link
}

const leftWords = (run) => (run.state === "running" && isNumber(run.progress.eta_s) ? el("span", { class: "gx-soft" }, `${duration(run.progress.eta_s)} left`) : null)

function startWords(state, lane, run) {
  if (lane.paused_at) return el("span", { class: "gx-soft" }, "when resumed")
  if (!run.after) return el("span", {}, "next")
  if (run.starts_at) return el("span", { title: clockTime(run.starts_at) }, `about ${timeOfDay(run.starts_at)}`)
  return el("span", { class: "gx-soft" }, `after ${titleOf(state, run.after)}`)
}

function titleOf(state, id) {
  const runs = state.queue.lanes.flatMap((lane) => [lane.at_work, ...lane.waiting]).filter(Boolean)
  return runTitle(runs.find((run) => run.id === id) ?? { id })
}

/** Hours and minutes, with the date if not today. */
function timeOfDay(iso) {
  const at = new Date(iso)
  const today = at.toDateString() === new Date().toDateString()
  const day = today ? "" : `${at.toLocaleDateString([], { day: "numeric", month: "short" })} `
  return day + at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23" })
}

function moveButton(state, lane, run, [to, word, path]) {
  const first = run.queue_position === 1, last = run.queue_position === lane.waiting.length
  const useless = to === "down" ? last : first
  const button = el("button", { class: "move", "data-focus": `${to} ${run.id}`, "data-of": run.id, disabled: useless,
    title: word, "aria-label": `${word}: ${runTitle(run)}` }, svgShape("ring", path))
  button.onclick = () => moveRun(state, run.id, to)
  return button
}

/** Sends the rank seen here, so that a run moved by someone else meanwhile is not moved again. */
function moveRun(state, id, to) {
  press(state, `${runPath(id)}/move`, () => ({ to, rank: waitingRun(state.queue, id)?.rank }), (queue) => {
    const now = waitingRun(queue, id)
    return now ? `${runTitle(now)} is now ${now.queue_position === 1 ? "next" : `number ${now.queue_position}`}.` : ""
  })
}

const waitingRun = (queue, id) => queue.lanes.flatMap((lane) => lane.waiting).find((run) => run.id === id)

/** Processes clicks in order, each on the result of the previous one. */
function press(state, path, body, words) {
  state.last = state.last.then(() => send(state, path, body(), words))
}

async function send(state, path, body, words) {
  try {
    const json = { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }
    state.queue = await ask(path, { method: "POST", ...(body ? json : {}) })
    Object.assign(state, { words: words(state.queue), bad: false })
  } catch (problem) {
    const words = problem instanceof Refused ? sentence(problem.message) : "The server is not responding; nothing was changed."
    Object.assign(state, { words, bad: true })
  }
  drawQueue(state)
  refreshPath("/queue")
}
