// A run: its state as icon and text, its progress, its addresses.

import { send } from "./api.js"
import { el, svgShape } from "./dom.js"
import { refresh } from "./poll.js"

/** @import { Run, RunState, Trait, Verdict } from "../../api/contract.d.ts" */
/** @typedef {Pick<Run, "state" | "progress" | "queue_position">} Progressing a run, or what a list of runs tells of one */

/** @type {ReadonlySet<RunState>} */
export const TERMINAL = new Set(/** @type {const} */ (["succeeded", "failed", "cancelled"]))
/** @type {Record<RunState, string>} */
export const STATE_WORDS = {
  queued: "queued", starting: "starting", running: "running", pausing: "pausing…", paused: "paused",
  stopping: "stopping…", lost: "lost", succeeded: "succeeded", failed: "failed", cancelled: "cancelled",
}
/** @type {Record<RunState, [kind: string, path: string]>} */
export const STATE_SHAPES = {
  queued: ["ring", "M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11z"],
  starting: ["ring", "M8 2.5a5.5 5.5 0 1 0 5.5 5.5"],
  running: ["solid", "M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11z"],
  pausing: ["ring", "M5.5 4v8M10.5 4v8"],
  paused: ["ring", "M5.5 3v10M10.5 3v10"],
  stopping: ["ring", "M4 4h8v8H4z"],
  lost: ["ring", "M8 3l5.5 10h-11z"],
  succeeded: ["ring", "M3 8.5l3.5 3.5L13 4.5"],
  failed: ["ring", "M4 4l8 8M12 4l-8 8"],
  cancelled: ["ring", "M3.5 8h9"],
}
/** @type {Partial<Record<RunState, string>>} */
export const STATE_TONES = {
  running: "good", succeeded: "good", starting: "good", failed: "bad", lost: "bad", stopping: "warn", pausing: "warn",
}

/** The state of a run as icon and text.
 * @param {Progressing} run
 */
export function stateMark(run, withProgress = true) {
  const [kind, path] = STATE_SHAPES[run.state]
  const share = shareDone(run)
  let word = STATE_WORDS[run.state]
  if (withProgress && run.state === "running" && share !== null) word += ` ${Math.floor(100 * share)} %`
  if (run.state === "queued" && run.queue_position) word += ` · ${ordinal(run.queue_position)}`
  return el("span", { class: `gx-state gx-tone-${STATE_TONES[run.state] ?? "calm"}`, "data-state": run.state },
    svgShape(kind, path), el("span", {}, word))
}

/** @param {number} position */
function ordinal(position) {
  return position === 1 ? "next" : `${position - 1} ahead`
}

/** @param {Pick<Run, "progress">} run */
export function shareDone(run) {
  const total = run.progress.total_steps
  return total ? Math.min(run.progress.step / total, 1) : null
}

/** @param {number | null} share @param {string} [label] */
export function progressBar(share, label) {
  const done = 100 * (share ?? 0)
  return el("div", { class: "gx-bar", role: "progressbar", "aria-label": label, "aria-valuenow": Math.floor(done), "aria-valuemin": 0,
    "aria-valuemax": 100 }, el("i", { style: `width:${done}%` }))
}

/** @param {Pick<Run, "started_at" | "ended_at">} run */
export function runSeconds(run) {
  if (!run.started_at) return null
  return ((run.ended_at ? Date.parse(run.ended_at) : Date.now()) - Date.parse(run.started_at)) / 1000
}

/** @param {Pick<Run, "id" | "name">} run */
export function runTitle(run) {
  return run.name || run.id
}

/** Whether the kind of a run has a trait; see shared/configs/kinds.py.
 * @param {{ traits: Trait[] }} run
 * @param {Trait} trait
 */
export const hasTrait = ({ traits }, trait) => traits.includes(trait)

/** Whether the linear probe is trained by SGD alongside the encoder, unlike its references.
 * @param {Pick<Run, "config"> | null | undefined} run
 */
export const probedBySgd = (run) => run?.config.online_probe === "sgd"

/** The tags of a run, and whether it is imported or archived.
 * @param {Pick<Run, "tags" | "imported" | "archived">} run
 */
export function tagMarks(run) {
  const words = [...(run.tags ?? []), ...(run.imported ? ["imported"] : []), ...(run.archived ? ["archived"] : [])]
  return words.length ? el("span", { class: "gx-tags" }, words.map((word) => el("span", { class: "gx-tag" }, word))) : null
}

/** The page of a run.
 * @param {string} id
 */
export const runHref = (id) => `/run?run=${encodeURIComponent(id)}`

/** @param {Verdict} verdict */
export const verdictPace = (verdict) => (verdict.ended ? 0 : 2000)
/** @param {Pick<Run, "state">} run */
export const runPace = (run) => (TERMINAL.has(run.state) ? 0 : 1000)

/** Sends a verb to a run and shows the new state.
 * @param {string} id
 * @param {"stop" | "pause" | "resume"} verb
 */
export async function sendVerb(id, verb) {
  const run = await send("post", `/runs/{run_id}/${verb}`, { run_id: id })
  refresh("/runs/{run_id}", { run_id: id })
  return run
}
