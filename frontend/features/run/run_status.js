// One run: state, progress, accuracies and actions.

import { send } from "../../ui/kit/api.js"
import { makeStore } from "../../ui/kit/component.js"
import { el, exists, find, keepFocus, renew, svgShape } from "../../ui/kit/dom.js"
import { bytes, clockTime, duration, grouped, isNumber, sentence } from "../../ui/kit/format.js"
import { live, refresh } from "../../ui/kit/poll.js"
import { problemWords } from "../../ui/kit/problems.js"
import {
  hasTrait, progressBar, runHref, runPace, runSeconds, runTitle, sendVerb, shareDone, STATE_WORDS, stateMark, tagMarks, TERMINAL, verdictPace,
} from "../../ui/kit/run.js"
import { scores } from "./scores.js"

/** @import { Run, RunState, Trend, Verdict } from "../../api/contract.d.ts" */
/** @import { Mounting } from "../../ui/kit/mount.d.ts" */
/** @import { Measure } from "./scores.js" */
/** @typedef {Measure & { run: Run, has_verdict: boolean }} Data */
/** @typedef {"stop" | "pause" | "resume"} Verb */
/** @typedef {keyof REQUESTS} Request */

/** @typedef {object} State
 * @property {HTMLElement} root
 * @property {Data} data
 * @property {(name: string, value: unknown) => void} tell
 * @property {string} id
 * @property {Run} run
 * @property {Verb | null} waiting the verb just sent
 * @property {string | null} problem
 * @property {Verdict | null} verdict
 * @property {Partial<Record<Request, number>>} requests their sequence numbers, Infinity until the server has given one
 * @property {Partial<Record<Request, string>>} outcomes
 * @property {string} [labels]
 * @property {string} [drawn]
 * @property {() => void} [end]
 */

const SILENT = "The server is not responding; try again."

/** @type {ReturnType<typeof makeStore<State>>} */
const statuses = makeStore()

/** @param {Mounting<Data>} mounting */
export default function ({ data, parentElement, setTriggerValue }) {
  const { run } = data, known = { data, tell: setTriggerValue }
  const state = statuses(parentElement, () => ({
    root: find(parentElement, ".gx-run_status"), id: "", run, waiting: null, problem: null, verdict: null, requests: {}, outcomes: {}, ...known }))
  Object.assign(state, known)
  if (state.id !== run.id) follow(state, data)
  else if (labelsOf(run) !== state.labels) refresh("/runs/{run_id}", { run_id: run.id }) // also updates the header
  state.labels = labelsOf(run)
  draw(state)
  return () => state.end?.()
}

/** @param {State} state @param {Data} data */
function follow(state, { run, has_verdict: judged }) {
  state.end?.()
  Object.assign(state, { id: run.id, run, verdict: null, requests: {}, outcomes: {} })
  const ends = [live("/runs/{run_id}", { run_id: run.id }, runPace, ({ data, error }) => {
    if (data) onRun(state, data)
    else state.problem = error
  })]
  if (judged) {
    ends.push(live("/runs/{run_id}/verdict", { run_id: run.id }, verdictPace, ({ data: verdict }) => {
      if (!verdict) return
      state.verdict = verdict
      draw(state)
    }))
  }
  state.end = () => ends.forEach((end) => end())
}

/** The user's labels of a run. @param {Run} run */
const labelsOf = (run) => JSON.stringify([run.name, run.tags, run.note, run.archived])

/** @param {State} state @param {Run} run */
function onRun(state, run) {
  if (!TERMINAL.has(state.run.state) && TERMINAL.has(run.state)) state.tell("ended", run.state)
  if (run.state !== state.run.state) state.waiting = null
  state.run = run
  settleRequests(state, run)
  draw(state)
}

/** @param {State} state */
function draw(state) {
  const { run, data } = state
  const drawn = JSON.stringify([run, data, state.waiting, state.problem, state.verdict, state.requests, state.outcomes])
  if (drawn === state.drawn) return
  state.drawn = drawn
  const done = run.state === "succeeded" ? 1 : shareDone(run)
  keepFocus(state.root, () => renew(state.root,
    el("div", { class: "head", "data-run": run.id }, title(state, run), actions(state, run)),
    progressBar(done, "Progress"), why(state, run), trend(state), el("div", { class: "facts" }, facts(run)), requestBar(state, run),
    scores(run, data)), "verb")
}

/** @param {State} state @param {Run} run */
function title(state, run) {
  return el("div", { class: "title" },
    el("h1", {}, runTitle(run)), run.name ? el("span", { class: "gx-soft" }, run.id) : null, descent(run),
    stateMark(state.waiting === "stop" ? { ...run, state: "stopping" } : run), tagMarks(run), run.note ? el("p", { class: "own gx-soft" }, run.note) : null)
}

/** The origin of a classifier. @param {Run} run */
function descent(run) {
  if (!hasTrait(run, "classifies")) return null
  const from = run.config.encoder ? String(run.config.encoder) : null
  const words = hasTrait(run, "starts_from_weights") ? "fine-tuned from" : from ? "from scratch, architecture of" : "trained from scratch"
  return el("span", { class: "gx-soft descent" }, words, from ? [" ", el("a", { href: runHref(from) }, from)] : null)
}

/** @type {Record<RunState, Verb[]>} */
const VERBS = {
  queued: ["stop"], starting: ["stop"], running: ["pause", "stop"], pausing: ["stop"], paused: ["resume", "stop"],
  stopping: ["stop"], lost: ["stop"], succeeded: [], failed: [], cancelled: [],
}
const VERB_WORDS = { stop: "Stop", pause: "Pause", resume: "Resume" }
const VERB_NOTES = {
  stop: "Write a checkpoint and end the run", pause: "Write a checkpoint, end the process and free its memory",
  resume: "Resume from the last checkpoint",
}

/** @param {State} state @param {Run} run */
function actions(state, run) {
  const classifier = hasTrait(run, "classifies"), trains = hasTrait(run, "trains")
  const buttons = VERBS[run.state].filter((verb) => verb !== "pause" || trains).map((verb) => verbButton(state, run, verb))
  const told = (/** @type {string} */ name, /** @type {string} */ words, /** @type {string} */ note) =>
    el("button", { "data-verb": name, title: note, onClick: () => state.tell(name, true) }, words)
  if (trains ? !["queued", "starting"].includes(run.state) : run.state === "succeeded") {
    if (!classifier) buttons.unshift(told("reconstruct", "Reconstruct", "Reconstruct masked galaxies with this run"))
    buttons.push(told("evaluate", "Evaluate", "How well it classifies, and where it fails"), told("search", "Similar", "Similar galaxies according to this run"))
  }
  if (trains && (TERMINAL.has(run.state) || (run.state === "paused" && !classifier))) { // a pretraining through the launch form, a classifier directly
    const words = classifier ? "Run again" : ["succeeded", "paused"].includes(run.state) ? "Train a variant…" : "Retry…"
    buttons.push(told("again", words, classifier ? "Queue a run with these values" : "Open the launch form with the values of this run"))
  }
  return el("div", { class: "actions" }, buttons)
}

/** @param {State} state @param {Run} run @param {Verb} verb */
function verbButton(state, run, verb) {
  const stopping = verb === "stop" && (run.state === "stopping" || state.waiting === "stop")
  const button = el("button", { "data-verb": verb, title: VERB_NOTES[verb], disabled: stopping || state.waiting !== null },
    stopping ? "Stopping…" : VERB_WORDS[verb])
  button.onclick = async () => {
    Object.assign(state, { waiting: verb, problem: null })
    draw(state)
    try {
      await sendVerb(run.id, verb)
    } catch (problem) {
      state.problem = problemWords(problem, SILENT)
    } finally {
      state.waiting = null
      draw(state)
    }
  }
  return button
}

const REQUESTS = {
  checkpoint: { words: "Checkpoint now", waits: "Checkpoint requested…", done: "Checkpoint written", note: "Write a checkpoint and continue" },
  sample: { words: "Sample now", waits: "Samples requested…", done: "Samples written", note: "Reconstruct the fixed galaxies with the current model and continue" },
}

/** Requests to an active training, and their outcome. @param {State} state @param {Run} run */
function requestBar(state, run) {
  /** @type {Request[]} */
  const names = run.state !== "running" || !hasTrait(run, "trains") ? [] : hasTrait(run, "samples") ? ["checkpoint", "sample"] : ["checkpoint"]
  const words = Object.values(state.outcomes)
  if (!names.length && !words.length) return null
  return el("div", { class: "requests" }, names.map((name) => requestButton(state, run, name)), el("span", { class: "gx-soft", role: "status" }, words.join(" ")))
}

/** @param {State} state @param {Run} run @param {Request} name */
function requestButton(state, run, name) {
  const { words, waits, note } = REQUESTS[name], waiting = exists(state.requests[name])
  const button = el("button", { "data-verb": name, title: note, disabled: waiting }, waiting ? waits : words)
  button.onclick = () => sendRequest(state, run, name)
  return button
}

/** @param {State} state @param {Run} run @param {Request} name */
async function sendRequest(state, run, name) {
  Object.assign(state, { requests: { ...state.requests, [name]: Infinity }, outcomes: { ...state.outcomes, [name]: "" }, problem: null })
  draw(state)
  try {
    const { seq } = await send("post", `/runs/{run_id}/${name}`, { run_id: run.id })
    if (exists(state.requests[name])) state.requests[name] = seq
  } catch (problem) {
    delete state.requests[name]
    state.problem = problemWords(problem, SILENT)
    draw(state)
  }
}

/** Settles requests once the worker has confirmed them or has ended. @param {State} state @param {Run} run */
function settleRequests(state, run) {
  for (const name of /** @type {Request[]} */ (Object.keys(state.requests))) {
    const confirmed = (run.progress.last_seq ?? 0) >= (state.requests[name] ?? Infinity)
    if (!confirmed && run.state === "running") continue
    delete state.requests[name]
    const outcome = confirmed ? `${REQUESTS[name].done} at step ${grouped(run.progress.step)}.` : `The run is ${STATE_WORDS[run.state].replace("…", "")} now; the request was not confirmed.`
    state.outcomes = { ...state.outcomes, [name]: outcome }
  }
}

/** @param {State} state @param {Run} run */
function why(state, run) {
  const failed = run.state === "failed" || run.state === "lost"
  const words = [state.problem, run.reason, run.suggestion].filter(exists).filter((text) => text !== "")
  if (!words.length || (!failed && !state.problem && run.state === "running")) return null
  return el("div", { class: `why ${failed || state.problem ? "bad" : ""}`, role: failed ? "alert" : "note" },
    words.map((text) => el("p", {}, sentence(text))))
}

/** @type {Record<Trend, [tone: string, path: string]>} */
const TRENDS = {
  improving: ["good", "M3 11l4-4 3 2 3-5"], flat: ["plain", "M3 8h10"], worsening: ["warn", "M3 5l4 4 3-2 3 5"],
  collapsing: ["bad", "M4 4l8 8M12 4l-8 8"], "too early": ["plain", "M8 3v5l3 2"], unlabelled: ["plain", "M3 8h10"],
}

/** The verdict of the server, and where early stopping applies. @param {State} state */
function trend({ verdict, run }) {
  if (!verdict || run.state === "queued") return null
  const [tone, path] = TRENDS[verdict.state]
  const [words, ...reason] = sentence(verdict.sentence).split(/(?=:)/)
  return el("p", { class: "trend", "data-trend": verdict.state },
    el("b", { class: `gx-tone-${tone}` }, svgShape("ring", path), words), reason.join(""),
    verdict.stopping ? el("span", { class: "gx-soft" }, ` ${sentence(verdict.stopping)}`) : null)
}

/** @param {Run} run */
function facts(run) {
  const { step, total_steps: steps, epoch, eta_s: eta, rss_bytes: memory, images_per_s: now } = run.progress
  const { epochs } = run.config, speed = now ?? run.images_per_s, seconds = runSeconds(run)
  const took = TERMINAL.has(run.state) ? "Duration" : ["queued", "paused"].includes(run.state) ? "Since start" : "Running for"
  return [
    fact("Step", `${grouped(step)}${steps ? ` of ${grouped(steps)}` : ""}`),
    fact("Epoch", exists(epoch) ? `${epoch.toFixed(1)}${epochs ? ` of ${grouped(Number(epochs))}` : ""}` : "–"),
    fact("Images/s", isNumber(speed) ? grouped(speed) : "–"),
    fact("Remaining", run.state === "running" && isNumber(eta) ? duration(eta) : "–"),
    fact(took, exists(seconds) ? duration(seconds) : "–", clockTime(run.started_at)),
    fact("Memory", memory ? bytes(memory) : "–"),
    run.attempt > 1 ? fact("Attempt", String(run.attempt)) : null,
  ]
}

/** @param {string} name @param {string} value @param {string | null} note */
function fact(name, value, note = null) {
  return el("div", { class: "fact", title: note }, el("span", { class: "gx-soft" }, name), el("b", {}, value))
}
