// One run: state, progress, accuracies and actions.

import { ask, Refused } from "../../ui/kit/api.js"
import { makeStore } from "../../ui/kit/component.js"
import { el, exists, renew, svgShape } from "../../ui/kit/dom.js"
import { bytes, clockTime, duration, grouped, isNumber, percent, sentence } from "../../ui/kit/format.js"
import { livePath, refreshPath } from "../../ui/kit/poll.js"
import {
  hasTrait, probedBySgd, runPace, runPath, runSeconds, runTitle, sendVerb, shareDone, STATE_WORDS, stateMark,
  tagMarks, TERMINAL, verdictPace, verdictPath,
} from "../../ui/kit/run.js"

const statuses = makeStore()

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".gx-run_status")
  const state = statuses(parentElement, () => ({ root, waiting: null, problem: null, verdict: null, requests: {}, outcomes: {} }))
  state.again = () => setTriggerValue("again", true)
  state.reconstruct = () => setTriggerValue("reconstruct", true)
  state.evaluate = () => setTriggerValue("evaluate", true)
  state.search = () => setTriggerValue("search", true)
  state.ended = (word) => setTriggerValue("ended", word)
  state.data = data
  if (state.id !== data.run.id) {
    state.end?.()
    Object.assign(state, { id: data.run.id, run: data.run, verdict: null, requests: {}, outcomes: {} })
    const ends = [livePath(runPath(data.run.id), runPace, (response) => onRun(state, response))]
    if (data.has_verdict) ends.push(livePath(verdictPath(data.run.id), verdictPace, (response) => onVerdict(state, response)))
    state.end = () => ends.forEach((end) => end())
  } else if (written(data.run) !== state.written) refreshPath(runPath(data.run.id)) // also updates the header
  state.written = written(data.run)
  draw(state)
  return () => state.end?.()
}

/** The user's labels of a run. */
const written = (run) => JSON.stringify([run.name, run.tags, run.note, run.archived])

function onRun(state, { data: run, error }) {
  if (!run) return void (state.problem = error)
  if (!TERMINAL.has(state.run.state) && TERMINAL.has(run.state)) state.ended(run.state)
  if (run.state !== state.run.state) state.waiting = null
  state.run = run
  settleRequests(state, run)
  draw(state)
}

function onVerdict(state, { data: verdict }) {
  if (!verdict) return
  state.verdict = verdict
  draw(state)
}

function draw(state) {
  const run = state.run
  const drawn = JSON.stringify([run, state.data, state.waiting, state.problem, state.verdict, state.requests, state.outcomes])
  if (drawn === state.drawn) return
  state.drawn = drawn
  const focused = state.root.getRootNode().activeElement?.dataset.verb
  const parts = [
    el("div", { class: "head", "data-run": run.id }, title(state, run), actions(state, run)),
    progress(run), why(state, run), trend(state), el("div", { class: "facts" }, facts(run)), requestBar(state, run), scores(state, run)]
  renew(state.root, parts)
  if (focused) state.root.querySelector(`[data-verb="${focused}"]`)?.focus()
}

function title(state, run) {
  return el("div", { class: "title" },
    el("h1", {}, runTitle(run)), run.name ? el("span", { class: "gx-soft" }, run.id) : null, descent(run),
    stateMark(shownRun(state, run)), tagMarks(run), run.note ? el("p", { class: "own gx-soft" }, run.note) : null)
}

/** The origin of a classifier. */
function descent(run) {
  if (!hasTrait(run, "classifies")) return null
  const from = run.config.encoder
  const words = hasTrait(run, "starts_from_weights") ? "fine-tuned from" : from ? "from scratch, architecture of" : "trained from scratch"
  return el("span", { class: "gx-soft descent" }, words, from ? [" ", el("a", { href: `/run?run=${encodeURIComponent(from)}` }, from)] : null)
}

function shownRun(state, run) {
  return state.waiting === "stop" ? { ...run, state: "stopping" } : run
}

const VERBS = {
  queued: ["stop"], starting: ["stop"], running: ["pause", "stop"], pausing: ["stop"], paused: ["resume", "stop"],
  stopping: ["stop"], lost: ["stop"], succeeded: [], failed: [], cancelled: [],
}
const VERB_WORDS = { stop: "Stop", pause: "Pause", resume: "Resume" }
const VERB_NOTES = {
  stop: "Write a checkpoint and end the run", pause: "Write a checkpoint, end the process and free its memory",
  resume: "Resume from the last checkpoint",
}

function actions(state, run) {
  const verbs = VERBS[run.state].filter((verb) => verb !== "pause" || hasTrait(run, "trains"))
  const buttons = verbs.map((verb) => verbButton(state, run, verb))
  const classifier = hasTrait(run, "classifies"), trains = hasTrait(run, "trains")
  const form = run.state === "paused" && !classifier
  if (trains ? !["queued", "starting"].includes(run.state) : run.state === "succeeded") {
    if (!classifier) buttons.unshift(el("button", { "data-verb": "reconstruct", title: "Reconstruct masked galaxies with this run", onClick: () => state.reconstruct() }, "Reconstruct"))
    buttons.push(el("button", { "data-verb": "evaluate", title: "How well it classifies, and where it fails", onClick: () => state.evaluate() }, "Evaluate"))
    buttons.push(el("button", { "data-verb": "search", title: "Similar galaxies according to this run", onClick: () => state.search() }, "Similar"))
  }
  if ((TERMINAL.has(run.state) || form) && trains) buttons.push(againButton(state, run, classifier))
  return el("div", { class: "actions" }, buttons)
}

/** Repeats a pretraining through the launch form, a classifier directly. */
function againButton(state, run, classifier) {
  const word = classifier ? "Run again" : ["succeeded", "paused"].includes(run.state) ? "Train a variant…" : "Retry…"
  const note = classifier ? "Queue a run with these values" : "Open the launch form with the values of this run"
  return el("button", { "data-verb": "again", title: note, onClick: () => state.again() }, word)
}

function verbButton(state, run, verb) {
  const stopping = verb === "stop" && (run.state === "stopping" || state.waiting === "stop")
  const button = el("button", { "data-verb": verb, title: VERB_NOTES[verb], disabled: stopping || state.waiting !== null },
    stopping ? "Stopping…" : VERB_WORDS[verb])
  button.onclick = () => send(state, run, verb)
  return button
}

async function send(state, run, verb) {
  state.waiting = verb
  state.problem = null
  draw(state)
  try {
    await sendVerb(run.id, verb)
  } catch (problem) {
    state.problem = problem instanceof Refused ? problem.message : "The server is not responding; try again."
  } finally {
    state.waiting = null
    draw(state)
  }
}

const REQUESTS = {
  checkpoint: ["Checkpoint now", "Checkpoint requested…", "Checkpoint written", "Write a checkpoint and continue"],
  sample: ["Sample now", "Samples requested…", "Samples written", "Reconstruct the fixed galaxies with the current model and continue"],
}

/** Requests to an active training, and their outcome. */
function requestBar(state, run) {
  const verbs = run.state !== "running" || !hasTrait(run, "trains") ? [] : hasTrait(run, "samples") ? ["checkpoint", "sample"] : ["checkpoint"]
  const words = Object.values(state.outcomes)
  if (!verbs.length && !words.length) return null
  return el("div", { class: "requests" }, verbs.map((verb) => requestButton(state, run, verb)), el("span", { class: "gx-soft", role: "status" }, words.join(" ")))
}

function requestButton(state, run, verb) {
  const [word, pending, , note] = REQUESTS[verb]
  const waits = exists(state.requests[verb])
  const button = el("button", { "data-verb": verb, title: note, disabled: waits }, waits ? pending : word)
  button.onclick = () => sendRequest(state, run, verb)
  return button
}

async function sendRequest(state, run, verb) {
  Object.assign(state, { requests: { ...state.requests, [verb]: Infinity }, outcomes: { ...state.outcomes, [verb]: "" }, problem: null })
  draw(state)
  try {
    const { seq } = await ask(`${runPath(run.id)}/${verb}`, { method: "POST" })
    if (exists(state.requests[verb])) state.requests[verb] = seq
  } catch (problem) {
    delete state.requests[verb]
    state.problem = problem instanceof Refused ? problem.message : "The server is not responding; try again."
    draw(state)
  }
}

/** Settles requests once the worker has confirmed them or has ended. */
function settleRequests(state, run) {
  for (const [verb, seq] of Object.entries(state.requests)) {
    const confirmed = (run.progress.last_seq ?? 0) >= seq
    if (!confirmed && run.state === "running") continue
    delete state.requests[verb]
    const done = confirmed ? `${REQUESTS[verb][2]} at step ${grouped(run.progress.step)}.` : `The run is ${STATE_WORDS[run.state].replace("…", "")} now; the request was not confirmed.`
    state.outcomes = { ...state.outcomes, [verb]: done }
  }
}

function progress(run) {
  const share = shareDone(run)
  const width = run.state === "succeeded" ? 1 : share ?? 0
  return el("div", { class: "gx-bar", role: "progressbar", "aria-label": "Progress", "aria-valuemin": 0,
    "aria-valuemax": 100, "aria-valuenow": Math.floor(100 * width) }, el("i", { style: `width:${100 * width}%` }))
}

function why(state, run) {
  const failed = run.state === "failed" || run.state === "lost"
  const words = [state.problem, run.reason, run.suggestion].filter(Boolean)
  if (!words.length || (!failed && !state.problem && run.state === "running")) return null
  return el("div", { class: `why ${failed || state.problem ? "bad" : ""}`, role: failed ? "alert" : "note" },
    words.map((text) => el("p", {}, sentence(text))))
}

const TRENDS = {
  improving: ["good", "M3 11l4-4 3 2 3-5"], flat: ["calm", "M3 8h10"], worsening: ["warn", "M3 5l4 4 3-2 3 5"],
  collapsing: ["bad", "M4 4l8 8M12 4l-8 8"], "too early": ["calm", "M8 3v5l3 2"], unlabelled: ["calm", "M3 8h10"],
}

/** The verdict of the server, and where early stopping applies. */
function trend(state) {
  const { verdict, run } = state
  if (!verdict || run.state === "queued") return null
  const [tone, path] = TRENDS[verdict.state]
  const [word, ...reason] = sentence(verdict.sentence).split(/(?=:)/)
  return el("p", { class: "trend", "data-trend": verdict.state },
    el("b", { class: `gx-tone-${tone === "calm" ? "plain" : tone}` }, svgShape("ring", path), word), reason.join(""),
    verdict.stopping ? el("span", { class: "gx-soft" }, ` ${sentence(verdict.stopping)}`) : null)
}

function facts(run) {
  const p = run.progress
  const speed = p.images_per_s ?? run.images_per_s
  const total = p.total_steps ? ` of ${grouped(p.total_steps)}` : ""
  const epochs = run.config.epochs ? ` of ${grouped(run.config.epochs)}` : ""
  const liveNow = run.state === "running"
  return [
    fact("Step", `${grouped(p.step)}${total}`),
    fact("Epoch", exists(p.epoch) ? `${p.epoch.toFixed(1)}${epochs}` : "–"),
    fact("Images/s", isNumber(speed) ? grouped(speed) : "–"),
    fact("Remaining", liveNow && isNumber(p.eta_s) ? duration(p.eta_s) : "–"),
    fact(TERMINAL.has(run.state) ? "Duration" : ["queued", "paused"].includes(run.state) ? "Since start" : "Running for", exists(runSeconds(run)) ? duration(runSeconds(run)) : "–", clockTime(run.started_at)),
    fact("Memory", p.rss_bytes ? bytes(p.rss_bytes) : "–"),
    run.attempt > 1 ? fact("Attempt", String(run.attempt)) : null,
  ].filter(Boolean)
}

function fact(name, value, note = null) {
  return el("div", { class: "fact", title: note }, el("span", { class: "gx-soft" }, name), el("b", {}, value))
}

const REFERENCES = [["Random init", "random_init"], ["Raw pixels", "raw_pixel"]]

/** Accuracies of both probes with references, plain and balanced. */
function scores(state, run) {
  if (!hasTrait(run, "trains")) return null
  if (hasTrait(run, "classifies")) return classifierScores(state, run)
  if (TERMINAL.has(run.state) && !isNumber(run.metrics["val/rankme"])) return null
  if (isNumber(run.metrics["val/rankme"]) && !isNumber(run.metrics["val/knn_accuracy"])) return unprobed(state, run)
  const columns = [["Accuracy", "accuracy"], ["Balanced accuracy", "balanced_accuracy"]]
  return el("details", { class: "scores", open: true },
    el("summary", {}, el("span", { class: "gx-soft" }, "How good is it? "), standing(run, state.data.noise)),
    el("div", { class: "tables" }, columns.map(([name, kind]) => scoreTable(state, run, name, kind))),
    el("p", { class: "gx-soft note" }, state.data.footnote))
}

/** Accuracies of a classifier on validation and, at the end, test rows, with untrained baselines. */
function classifierScores(state, run) {
  if (!isNumber(run.metrics["val/accuracy"])) return null
  const columns = [["Accuracy", "accuracy"], ["Balanced accuracy", "balanced_accuracy"]]
  const rows = [["Validation", "val"], ...(isNumber(run.metrics["test/accuracy"]) ? [["Test", "test"]] : [])]
  const heads = ["Current", "Raw pixels, linear", "Raw pixels, k-NN", "Majority"]
  const references = ["raw_pixel_linear", "raw_pixel_knn", "majority"]
  const table = ([name, kind]) => el("table", {},
    el("thead", {}, el("tr", {}, el("th", { class: "what" }, name), heads.map((title) => el("th", { scope: "col" }, title)))),
    el("tbody", {}, rows.map(([title, split]) => {
      const now = run.metrics[`${split}/${kind}`]
      return el("tr", {}, el("th", { scope: "row" }, title), el("td", { class: "now" }, isNumber(now) ? percent(now) : "–"),
        references.map((key) => (split === "val" ? versus(now, run.baselines[`${key}_${kind}`], state.data.noise) : el("td", { class: "gx-soft" }, ""))))
    })))
  return el("details", { class: "scores", open: true },
    el("summary", {}, el("span", { class: "gx-soft" }, "Is it learning? "), classifierWords(run)),
    el("div", { class: "tables" }, columns.map(table)),
    el("p", { class: "gx-soft note" }, state.data.footnote))
}

function classifierWords(run) {
  const now = run.metrics["val/accuracy"], pixels = run.baselines.raw_pixel_linear_accuracy
  const beside = isNumber(pixels) ? `: ${points(now - pixels)} a linear probe on raw pixels` : ""
  const tested = run.metrics["test/accuracy"]
  return `Validation accuracy ${percent(now)}${beside}.${isNumber(tested) ? ` Test accuracy of the best epoch: ${percent(tested)}.` : ""}`
}

/** The section for data without labels, which cannot be probed. */
function unprobed(state, run) {
  return el("div", { class: "scores" },
    el("p", {}, el("span", { class: "gx-soft" }, "How good is it? "),
      "Without labels there are no accuracies. See the loss and the reconstructions."),
    el("p", { class: "gx-soft note" }, state.data.footnote))
}

function scoreTable(state, run, name, kind) {
  const heads = ["Current", ...REFERENCES.map(([title]) => title), "Majority"]
  const rows = [[probedBySgd(run) ? "Linear, SGD" : "Linear", "linear"], ["k-NN", "knn"]]
  return el("table", {},
    el("thead", {}, el("tr", {}, el("th", { class: "what" }, name), heads.map((title) => el("th", { scope: "col" }, title)))),
    el("tbody", {}, rows.map(([title, probe]) => el("tr", {}, el("th", { scope: "row" }, title), scoreCells(run, probe, kind, state.data.noise)))))
}

function scoreCells(run, probe, kind, noise) {
  const now = run.metrics[`val/${probe}_${kind}`]
  const references = REFERENCES.map(([, name]) => run.baselines[`${name}_${probe}_${kind}`])
  const comparable = probe === "linear" && probedBySgd(run) ? null : now
  return [el("td", { class: "now" }, isNumber(now) ? percent(now) : "–"),
    ...references.map((value) => versus(comparable, value, noise)), versus(now, run.baselines[`majority_${kind}`], noise)]
}

function versus(now, value, noise) {
  if (!isNumber(value)) return el("td", { class: "gx-soft" }, "–")
  const gap = isNumber(now) ? 100 * (now - value) : null
  return el("td", {}, percent(value), gap === null ? null
    : el("small", { class: gap > 100 * (noise ?? 0) ? "gx-tone-good" : "gx-soft" }, `${gap > 0 ? "+" : gap < 0 ? "−" : "±"}${Math.abs(gap).toFixed(1)}`))
}

/** A summary of the validation figures, and of differences that may be chance. */
function standing(run, noise) {
  const now = run.metrics["val/linear_accuracy"], init = run.baselines.random_init_linear_accuracy
  const pixels = run.baselines.raw_pixel_linear_accuracy
  if (!isNumber(now)) return "No evaluation yet."
  if (probedBySgd(run)) return `Linear probe (SGD) ${percent(now)}. Its references use L-BFGS and are not directly comparable.`
  const gaps = [["random init", init], ["raw pixels", pixels]].filter(([, value]) => isNumber(value))
  const words = gaps.map(([name, value]) => `${points(now - value)} ${name}`)
  const doubt = noise && gaps.some(([, value]) => Math.abs(now - value) < noise)
  const chance = doubt ? ` Differences under ${(100 * noise).toFixed(0)} points may be due to chance.` : ""
  return `Linear probe ${percent(now)}${words.length ? `: ${words.join(", ")}` : ""}.${chance}`
}

function points(gap) {
  if (Math.abs(gap) < 0.0005) return "equal to"
  return `${Math.abs(100 * gap).toFixed(1)} points ${gap > 0 ? "above" : "below"}`
}
