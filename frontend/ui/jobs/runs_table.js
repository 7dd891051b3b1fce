// The live list of runs or jobs.

import { makeStore } from "../kit/component.js"
import { el, exists, plainClick, renew } from "../kit/dom.js"
import { ago, bytes, clockTime, duration, grouped, isNumber, percent, sentence } from "../kit/format.js"
import { livePath, refreshPath } from "../kit/poll.js"
import {
  hasTrait, probedBySgd, runSeconds, runTitle, sendVerb, shareDone, stateMark, tagMarks, TERMINAL,
} from "../kit/run.js"

const tables = makeStore()

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".gx-runs_table")
  const state = tables(parentElement, () => build(root))
  state.open = (id) => setTriggerValue("open", id)
  state.launch = () => setTriggerValue("launch", true)
  state.settled = () => setTriggerValue("settled", Date.now())
  state.data = data
  if (state.path !== listPath(data)) listen(state)
  else if (state.runs) {
    if (data.watch.some((id) => !state.runs.some((run) => run.id === id))) refreshPath(state.path)
    draw(state)
  }
  return () => state.end?.()
}

function build(root) {
  const state = { root, runs: null, ended: null, waiting: new Set() }
  root.replaceChildren(...[0, 1, 2].map(() => el("div", { class: "gx-bone row-bone" })))
  return state
}

function listPath(data) {
  const wanted = [data.jobs && "all=true", data.archived && "archived=true", ...data.tags.map((tag) => `tag=${encodeURIComponent(tag)}`)]
  return `/runs?${[`limit=${data.limit}`, ...wanted.filter(Boolean)].join("&")}`
}

function listen(state) {
  state.end?.()
  state.path = listPath(state.data)
  const pace = (runs) => (runs.some((run) => !TERMINAL.has(run.state)) ? 1500 : 4000)
  state.end = livePath(state.path, pace, ({ data, error }) => {
    if (!data) return void (error && refused(state, error))
    state.runs = data
    noticeEnds(state)
    draw(state)
  })
}

/** Shows an error instead of the skeleton if the first request fails. */
function refused(state, error) {
  state.root.replaceChildren(el("p", { class: "gx-tone-bad none", role: "alert" }, sentence(error)))
}

function noticeEnds(state) {
  const ended = ofKinds(state).filter((run) => TERMINAL.has(run.state)).map((run) => run.id)
  const known = (id) => (state.ended ? state.ended.has(id) : !state.data.watch.includes(id))
  const fresh = ended.some((id) => !known(id)) // including jobs too short to be seen active
  state.ended = new Set(ended)
  if (fresh && state.data.jobs) state.settled()
}

const FILTERS = {
  all: () => true,
  active: (run) => !TERMINAL.has(run.state),
  succeeded: (run) => run.state === "succeeded",
  failed: (run) => run.state === "failed",
  cancelled: (run) => run.state === "cancelled",
}

function ofKinds(state) {
  const kinds = state.data.kinds
  return state.runs.filter((run) => !kinds || kinds.includes(run.kind))
}

function chosen(state) {
  return ofKinds(state).filter(FILTERS[state.data.filter])
}

function draw(state) {
  const runs = chosen(state)
  const drawn = JSON.stringify([runs, state.data, [...state.waiting], Math.floor(Date.now() / 10000)])
  if (drawn === state.drawn) return
  state.drawn = drawn
  const focused = state.root.getRootNode().activeElement?.dataset.focus
  renew(state.root, runs.length ? table(state, runs) : empty(state))
  if (focused) state.root.querySelector(`[data-focus="${CSS.escape(focused)}"]`)?.focus()
}

function empty(state) {
  if (state.data.jobs) return el("p", { class: "gx-soft none" }, "No jobs yet.")
  if (state.runs.length) return el("p", { class: "gx-soft none" }, `No runs in state “${state.data.filter}”.`)
  if (state.data.tags.length) return el("p", { class: "gx-soft none" }, `No runs with ${state.data.tags.length > 1 ? "tags" : "tag"} ${state.data.tags.join(", ")}.`)
  return el("div", { class: "empty" },
    el("p", {}, "Nothing has been trained yet."),
    el("p", { class: "gx-soft" }, "Choose a preset and a dataset; curves appear after a few seconds."),
    el("button", { class: "gx-main", onClick: () => state.launch() }, "Launch a run"))
}

function table(state, runs) {
  const heads = state.data.jobs ? JOB_HEADS : RUN_HEADS
  return el("table", { class: state.data.jobs ? "jobs" : "runs" },
    el("thead", {}, el("tr", {}, heads.map(([title, note, kind]) => el("th", { class: kind, title: note, scope: "col" }, title)))),
    el("tbody", {}, runs.map((run) => (state.data.jobs ? jobRow(state, run) : runRow(state, run)))))
}

const RUN_HEADS = [
  ["State", null, ""], ["Run", null, ""], ["Dataset", null, ""], ["Preset", null, ""],
  ["Accuracy", "Validation accuracy of a linear probe (SGD if trained alongside the encoder), with random init below; for classifiers, their own", "num"],
  ["k-NN", "Validation accuracy of k-nearest neighbours, with random init below", "num"],
  ["Majority", "Accuracy of always predicting the most frequent class", "num"],
  ["Images/s", null, "num"], ["Disk", "Size of the run directory: checkpoints, samples, curves", "num"], ["Started", null, ""], ["Duration", "Time since the start, or until the end", "num"], ["", null, ""],
]
const JOB_HEADS = [["State", null, ""], ["Job", null, ""], ["Dataset", null, ""], ["Details", null, ""], ["Started", null, ""], ["", null, ""]]

function cell(label, kind, ...children) {
  return el("td", { class: kind, "data-label": label }, ...children)
}

function runRow(state, run) {
  const link = el("a", { href: `/run?run=${encodeURIComponent(run.id)}`, class: "title", "data-focus": `run ${run.id}` }, runTitle(run))
  const open = (event) => plainClick(event, () => state.open(run.id))
  link.onclick = (event) => { event.stopPropagation(); open(event) }
  const row = el("tr", { class: run.id === state.data.selected ? "selected" : "", "data-run": run.id },
    cell("State", "state", stateMark(run), progressBar(run)),
    cell("Run", "name", link, run.name ? el("small", { class: "gx-soft" }, run.id) : null, tagMarks(run),
      run.state === "failed" && run.reason ? el("small", { class: "gx-tone-bad" }, sentence(run.reason)) : null),
    cell("Dataset", "dataset", run.dataset ?? "–", state.data.simulated.includes(run.dataset) && !run.dataset.includes("simulated") ? simulatedTag() : null),
    cell("Preset", "preset", ...howMade(run)),
    isNumber(run.metrics["val/accuracy"]) ? ownAccuracy(run) : accuracy("Accuracy", run, "linear"), accuracy("k-NN", run, "knn"),
    cell("Majority", "num majority", maybePercent(run.baselines.majority_accuracy)),
    cell("Images/s", "num speed", isNumber(run.images_per_s) ? grouped(run.images_per_s) : "–"),
    cell("Disk", "num disk", exists(run.disk_bytes) ? bytes(run.disk_bytes) : "–"),
    cell("Started", "age", el("time", { datetime: run.created_at, title: clockTime(run.started_at ?? run.created_at) }, ago(run.started_at ?? run.created_at))),
    cell("Duration", "num took", exists(runSeconds(run)) ? duration(runSeconds(run)) : "–"),
    cell("", "act", stopButton(state, run)))
  row.onclick = open
  return row
}

/** The origin of a run: a preset, imported weights, or the encoder of another run. */
function howMade(run) {
  if (!hasTrait(run, "trains")) return ["imported"]
  if (!hasTrait(run, "classifies")) return [run.preset ?? "custom"]
  const tuned = hasTrait(run, "starts_from_weights"), words = tuned ? "fine-tuned" : "from scratch"
  return [words, run.config.encoder ? el("small", { class: "gx-soft" }, `${tuned ? "from" : "like"} ${run.config.encoder}`) : null]
}

function ownAccuracy(run) {
  return cell("Accuracy", "num accuracy", el("b", {}, percent(run.metrics["val/accuracy"])), el("small", { class: "gx-soft" }, "classifier"))
}

function simulatedTag() {
  return el("span", { class: "gx-tag" }, "simulated")
}

function progressBar(run) {
  const share = shareDone(run)
  if (TERMINAL.has(run.state) || share === null) return null
  return el("div", { class: "gx-bar", role: "progressbar", "aria-valuenow": Math.floor(100 * share), "aria-valuemin": 0, "aria-valuemax": 100 },
    el("i", { style: `width:${100 * share}%` }))
}

const maybePercent = (value) => (isNumber(value) ? percent(value) : "–")

function accuracy(label, run, probe) {
  const value = run.metrics[`val/${probe}_accuracy`]
  const init = run.baselines[`random_init_${probe}_accuracy`]
  return cell(label, "num accuracy", el("b", {}, maybePercent(value)),
    isNumber(init) ? el("small", { class: "gx-soft" }, `${probe === "linear" && probedBySgd(run) ? "SGD · " : ""}init ${percent(init)}`) : null)
}

function jobRow(state, run) {
  return el("tr", { "data-run": run.id },
    cell("State", "state", stateMark(run), progressBar(run)),
    cell("Job", "name", el("span", {}, run.kind), el("small", { class: "gx-soft" }, run.id)),
    cell("Dataset", "dataset", run.dataset ?? run.config.name ?? "–"),
    cell("Details", "what", run.reason && run.state === "failed"
      ? el("span", { class: "gx-tone-bad" }, [run.reason, run.suggestion].filter(Boolean).map(sentence).join(" "))
      : el("span", { class: "gx-soft" }, TERMINAL.has(run.state) ? run.reason ?? "" : progressWords(run))),
    cell("Started", "age", el("time", { datetime: run.created_at, title: clockTime(run.started_at ?? run.created_at) }, ago(run.started_at ?? run.created_at))),
    cell("", "act", stopButton(state, run)))
}

function progressWords(run) {
  const left = isNumber(run.progress.eta_s) && run.state === "running" ? `${duration(run.progress.eta_s)} left` : ""
  return [run.progress.message, left].filter(Boolean).join(" · ")
}

function stopButton(state, run) {
  if (TERMINAL.has(run.state)) return null
  const stopping = run.state === "stopping" || state.waiting.has(run.id)
  const button = el("button", { disabled: stopping, "data-focus": `stop ${run.id}`, "aria-label": `Stop ${runTitle(run)}` }, stopping ? "Stopping…" : "Stop")
  button.onclick = (event) => {
    event.stopPropagation()
    stopRun(state, run)
  }
  return button
}

async function stopRun(state, run) {
  state.waiting.add(run.id)
  draw(state)
  try {
    await sendVerb(run.id, "stop")
  } finally {
    state.waiting.delete(run.id)
    refreshPath(state.path)
  }
}
