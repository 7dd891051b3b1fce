// A run: its state as icon and text, its progress, its addresses.

import { ask } from "./api.js"
import { el, svgShape } from "./dom.js"
import { refresh } from "./poll.js"

export const TERMINAL = new Set(["succeeded", "failed", "cancelled"])
export const STATE_WORDS = {
  queued: "queued", starting: "starting", running: "running", pausing: "pausing…", paused: "paused",
  stopping: "stopping…", lost: "lost", succeeded: "succeeded", failed: "failed", cancelled: "cancelled",
}
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
export const STATE_TONES = {
  running: "good", succeeded: "good", starting: "good", failed: "bad", lost: "bad", stopping: "warn", pausing: "warn",
}

/** The state of a run as icon and text. */
export function stateMark(run, withProgress = true) {
  const [kind, path] = STATE_SHAPES[run.state]
  const share = shareDone(run)
  let word = STATE_WORDS[run.state]
  if (withProgress && run.state === "running" && share !== null) word += ` ${Math.floor(100 * share)} %`
  if (run.state === "queued" && run.queue_position) word += ` · ${ordinal(run.queue_position)}`
  return el("span", { class: `gx-state gx-tone-${STATE_TONES[run.state] ?? "calm"}`, "data-state": run.state },
    svgShape(kind, path), el("span", {}, word))
}

function ordinal(position) {
  return position === 1 ? "next" : `${position - 1} ahead`
}

export function shareDone(run) {
  const total = run.progress.total_steps
  return total ? Math.min(run.progress.step / total, 1) : null
}

export function runSeconds(run) {
  if (!run.started_at) return null
  return ((run.ended_at ? Date.parse(run.ended_at) : Date.now()) - Date.parse(run.started_at)) / 1000
}

export function runTitle(run) {
  return run.name || run.id
}

/** Whether the kind of a run has a trait; see shared/configs/kinds.py. */
export const hasTrait = ({ traits }, trait) => traits.includes(trait)

/** Whether the linear probe is trained by SGD alongside the encoder, unlike its references. */
export const probedBySgd = (run) => run?.config.online_probe === "sgd"

/** The tags of a run, and whether it is imported or archived. */
export function tagMarks(run) {
  const words = [...(run.tags ?? []), ...(run.imported ? ["imported"] : []), ...(run.archived ? ["archived"] : [])]
  return words.length ? el("span", { class: "gx-tags" }, words.map((word) => el("span", { class: "gx-tag" }, word))) : null
}

export const runPath = (id) => `/runs/${encodeURIComponent(id)}`
export const verdictPath = (id) => `${runPath(id)}/verdict`
export const verdictPace = (verdict) => (verdict.ended ? 0 : 2000)
export const runPace = (run) => (TERMINAL.has(run.state) ? 0 : 1000)

/** Sends a verb (stop, pause, resume) to a run and shows the new state. */
export async function sendVerb(id, verb) {
  const run = await ask(`${runPath(id)}/${verb}`, { method: "POST" })
  refresh(runPath(id))
  return run
}
