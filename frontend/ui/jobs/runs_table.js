// The live list of runs or jobs.

import { makeStore } from "../kit/component.js"
import { el, exists, find, keepFocus, plainClick, renew } from "../kit/dom.js"
import { ago, bytes, clockTime, duration, grouped, isNumber, percent, sentence } from "../kit/format.js"
import { live, refresh } from "../kit/poll.js"
import {
  hasTrait, probedBySgd, progressBar, runHref, runSeconds, runTitle, sendVerb, shareDone, stateMark, tagMarks, TERMINAL,
} from "../kit/run.js"
import { aloud, tableHead } from "../kit/table.js"

/** @import { Params, Run, RunKind } from "../../api/contract.d.ts" */
/** @import { Children } from "../kit/dom.js" */
/** @import { Mounting } from "../kit/mount.d.ts" */
/** @import { Head } from "../kit/table.js" */
/** @typedef {Params<"get", "/runs">} Query */

/** A job in `watch` is reported at its end even if the list never showed it active.
 * @typedef {object} Data
 * @property {boolean} jobs
 * @property {RunKind[] | null} kinds
 * @property {keyof FILTERS} filter
 * @property {number} limit
 * @property {string[]} tags
 * @property {boolean} archived
 * @property {string[]} simulated datasets
 * @property {string | null} selected
 * @property {string[]} watch
 */

/** `waiting` are the runs asked to stop.
 * @typedef {object} State
 * @property {HTMLElement} root
 * @property {Data} data
 * @property {(name: "open" | "launch" | "settled", value: unknown) => void} tell
 * @property {Query} [query]
 * @property {Run[] | null} runs
 * @property {Set<string> | null} ended
 * @property {Set<string>} waiting
 * @property {string} [drawn]
 * @property {() => void} [end]
 */

/** @type {ReturnType<typeof makeStore<State>>} */
const tables = makeStore()

/** @param {Mounting<Data>} mounting */
export default function ({ data, parentElement, setTriggerValue }) {
  const state = tables(parentElement, () => {
    const root = find(parentElement, ".gx-runs_table")
    root.replaceChildren(...[0, 1, 2].map(() => el("div", { class: "gx-bone row-bone" })))
    return { root, data, tell: setTriggerValue, runs: null, ended: null, waiting: new Set() }
  })
  Object.assign(state, { data, tell: setTriggerValue })
  const query = queryOf(data), { runs } = state
  if (JSON.stringify(query) !== JSON.stringify(state.query)) listen(state, query)
  else if (runs) {
    if (data.watch.some((id) => !runs.some((run) => run.id === id))) refresh("/runs", query)
    draw(state, runs)
  }
  return () => state.end?.()
}

/** @param {Data} data @returns {Query} */
const queryOf = ({ limit, jobs, archived, tags }) => ({ limit, all: jobs || null, archived: archived || null, tag: tags })

/** @param {State} state @param {Query} query */
function listen(state, query) {
  state.end?.()
  state.query = query
  const pace = (/** @type {Run[]} */ runs) => (runs.some((run) => !TERMINAL.has(run.state)) ? 1500 : 4000)
  state.end = live("/runs", query, pace, ({ data: runs, error }) => {
    if (!runs) return void (error && state.root.replaceChildren(el("p", { class: "gx-tone-bad none", role: "alert" }, sentence(error))))
    state.runs = runs
    noticeEnds(state, runs)
    draw(state, runs)
  })
}

/** @param {State} state @param {Run[]} runs */
function noticeEnds(state, runs) {
  const ended = ofKinds(state, runs).filter((run) => TERMINAL.has(run.state)).map((run) => run.id)
  const known = (/** @type {string} */ id) => (state.ended ? state.ended.has(id) : !state.data.watch.includes(id))
  const fresh = ended.some((id) => !known(id)) // including jobs too short to be seen active
  state.ended = new Set(ended)
  if (fresh && state.data.jobs) state.tell("settled", Date.now())
}

const FILTERS = {
  all: () => true,
  active: (/** @type {Run} */ run) => !TERMINAL.has(run.state),
  succeeded: (/** @type {Run} */ run) => run.state === "succeeded",
  failed: (/** @type {Run} */ run) => run.state === "failed",
  cancelled: (/** @type {Run} */ run) => run.state === "cancelled",
}

/** @param {State} state @param {Run[]} runs */
const ofKinds = ({ data: { kinds } }, runs) => runs.filter((run) => !kinds || kinds.includes(run.kind))

/** @param {State} state @param {Run[]} all */
function draw(state, all) {
  const runs = ofKinds(state, all).filter(FILTERS[state.data.filter])
  const drawn = JSON.stringify([runs, state.data, [...state.waiting], Math.floor(Date.now() / 10000)])
  if (drawn === state.drawn) return
  state.drawn = drawn
  keepFocus(state.root, () => renew(state.root, runs.length ? table(state, runs) : empty(state, all)))
}

/** @param {State} state @param {Run[]} all */
function empty(state, all) {
  const { jobs, filter, tags } = state.data
  const none = (/** @type {string} */ words) => el("p", { class: "gx-soft none" }, words)
  if (jobs) return none("No jobs yet.")
  if (all.length) return none(`No runs in state “${filter}”.`)
  if (tags.length) return none(`No runs with ${tags.length > 1 ? "tags" : "tag"} ${tags.join(", ")}.`)
  return el("div", { class: "empty" },
    el("p", {}, "Nothing has been trained yet."),
    el("p", { class: "gx-soft" }, "Choose a preset and a dataset; curves appear after a few seconds."),
    el("button", { class: "gx-main", onClick: () => state.tell("launch", true) }, "Launch a run"))
}

/** @param {State} state @param {Run[]} runs */
function table(state, runs) {
  const { jobs } = state.data
  return el("table", { class: jobs ? "jobs" : "runs" },
    tableHead(jobs ? jobHeads() : runHeads()),
    el("tbody", {}, runs.map((run) => (jobs ? jobRow(state, run) : runRow(state, run)))))
}

/** @returns {Head[]} */
const runHeads = () => [
  ["State"], ["Run"], ["Dataset"], ["Preset"],
  ["Accuracy", "num", "Validation accuracy of a linear probe (SGD if trained alongside the encoder), with random init below; for classifiers, their own"],
  ["k-NN", "num", "Validation accuracy of k-nearest neighbours, with random init below"],
  ["Majority", "num", "Accuracy of always predicting the most frequent class"],
  ["Images/s", "num"], ["Disk", "num", "Size of the run directory: checkpoints, samples, curves"], ["Started"],
  ["Duration", "num", "Time since the start, or until the end"], [aloud("Stop")],
]
/** @returns {Head[]} */
const jobHeads = () => [["State"], ["Job"], ["Dataset"], ["Details"], ["Started"], [aloud("Stop")]]

/** @param {string} label @param {string} kind @param {Children[]} children */
const cell = (label, kind, ...children) => el("td", { class: kind, "data-label": label }, ...children)

/** @param {State} state @param {Run} run */
function runRow(state, run) {
  const link = el("a", { href: runHref(run.id), class: "title", "data-focus": `run ${run.id}` }, runTitle(run))
  const open = (/** @type {MouseEvent} */ event) => plainClick(event, () => state.tell("open", run.id))
  link.onclick = (event) => { event.stopPropagation(); open(event) }
  const seconds = runSeconds(run), { dataset } = run
  const row = el("tr", { class: run.id === state.data.selected ? "selected" : "", "data-run": run.id },
    stateCell(run),
    cell("Run", "name", link, run.name ? el("small", { class: "gx-soft" }, run.id) : null, tagMarks(run),
      run.state === "failed" && run.reason ? el("small", { class: "gx-tone-bad" }, sentence(run.reason)) : null),
    cell("Dataset", "dataset", dataset ?? "–",
      dataset && state.data.simulated.includes(dataset) && !dataset.includes("simulated") ? el("span", { class: "gx-tag" }, "simulated") : null),
    cell("Preset", "preset", ...howMade(run)),
    isNumber(run.metrics["val/accuracy"]) ? ownAccuracy(run.metrics["val/accuracy"]) : accuracy("Accuracy", run, "linear"),
    accuracy("k-NN", run, "knn"),
    cell("Majority", "num majority", maybePercent(run.baselines.majority_accuracy)),
    cell("Images/s", "num speed", isNumber(run.images_per_s) ? grouped(run.images_per_s) : "–"),
    cell("Disk", "num disk", exists(run.disk_bytes) ? bytes(run.disk_bytes) : "–"),
    startedCell(run),
    cell("Duration", "num took", exists(seconds) ? duration(seconds) : "–"),
    cell("", "act", stopButton(state, run)))
  row.onclick = open
  return row
}

/** The origin of a run: a preset, imported weights, or the encoder of another run. @param {Run} run */
function howMade(run) {
  if (!hasTrait(run, "trains")) return ["imported"]
  if (!hasTrait(run, "classifies")) return [run.preset ?? "custom"]
  const tuned = hasTrait(run, "starts_from_weights"), words = tuned ? "fine-tuned" : "from scratch"
  return [words, run.config.encoder ? el("small", { class: "gx-soft" }, `${tuned ? "from" : "like"} ${run.config.encoder}`) : null]
}

/** @param {Run} run */
function stateCell(run) {
  const share = shareDone(run)
  return cell("State", "state", stateMark(run), TERMINAL.has(run.state) || share === null ? null : progressBar(share))
}

/** @param {Run} run */
function startedCell(run) {
  const start = run.started_at ?? run.created_at
  return cell("Started", "age", el("time", { datetime: run.created_at, title: clockTime(start) }, ago(start)))
}

/** @param {number | null | undefined} value */
const maybePercent = (value) => (isNumber(value) ? percent(value) : "–")

/** @param {number} value */
const ownAccuracy = (value) => cell("Accuracy", "num accuracy", el("b", {}, percent(value)), el("small", { class: "gx-soft" }, "classifier"))

/** @param {string} label @param {Run} run @param {"linear" | "knn"} probe */
function accuracy(label, run, probe) {
  const init = run.baselines[`random_init_${probe}_accuracy`]
  return cell(label, "num accuracy", el("b", {}, maybePercent(run.metrics[`val/${probe}_accuracy`])),
    isNumber(init) ? el("small", { class: "gx-soft" }, `${probe === "linear" && probedBySgd(run) ? "SGD · " : ""}init ${percent(init)}`) : null)
}

/** @param {State} state @param {Run} run */
function jobRow(state, run) {
  return el("tr", { "data-run": run.id },
    stateCell(run),
    cell("Job", "name", el("span", {}, run.kind), el("small", { class: "gx-soft" }, run.id)),
    cell("Dataset", "dataset", run.dataset ?? String(run.config.name ?? "–")),
    cell("Details", "what", run.reason && run.state === "failed"
      ? el("span", { class: "gx-tone-bad" }, [run.reason, run.suggestion ?? ""].filter(Boolean).map(sentence).join(" "))
      : el("span", { class: "gx-soft" }, TERMINAL.has(run.state) ? run.reason ?? "" : progressWords(run))),
    startedCell(run),
    cell("", "act", stopButton(state, run)))
}

/** @param {Run} run */
function progressWords({ state, progress: { eta_s: eta, message } }) {
  return [message, isNumber(eta) && state === "running" ? `${duration(eta)} left` : ""].filter(Boolean).join(" · ")
}

/** @param {State} state @param {Run} run */
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

/** @param {State} state @param {Run} run */
async function stopRun(state, run) {
  state.waiting.add(run.id)
  if (state.runs) draw(state, state.runs)
  try {
    await sendVerb(run.id, "stop")
  } finally {
    state.waiting.delete(run.id)
    if (state.query) refresh("/runs", state.query)
  }
}
