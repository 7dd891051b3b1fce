// A short job: title, progress and a stop button.

import { makeStore } from "../kit/component.js"
import { el, exists, find, renew } from "../kit/dom.js"
import { duration, isNumber, sentence } from "../kit/format.js"
import { live } from "../kit/poll.js"
import { alertLine } from "../kit/problems.js"
import { progressBar, runSeconds, sendVerb, shareDone, stateMark, TERMINAL } from "../kit/run.js"

/** @import { Run } from "../../api/contract.d.ts" */
/** @import { Mounting } from "../kit/mount.d.ts" */
/** @typedef {{ root: HTMLElement, title: string, ended: (id: string) => void, id: string, reported: boolean, stopping: boolean,
 *   end?: () => void }} State */

/** @type {ReturnType<typeof makeStore<State>>} */
const jobs = makeStore()

/** @param {Mounting<{ run_id: string, title: string }>} mounting */
export default function ({ data, parentElement, setTriggerValue }) {
  const known = { title: data.title, ended: (/** @type {string} */ id) => setTriggerValue("ended", id) }
  const state = jobs(parentElement, () => ({
    root: find(parentElement, ".gx-job"), id: "", reported: false, stopping: false, ...known }))
  Object.assign(state, known)
  if (state.id !== data.run_id) follow(state, data.run_id)
  return () => state.end?.()
}

/** @param {State} state @param {string} id */
function follow(state, id) {
  state.end?.()
  Object.assign(state, { id, reported: false, stopping: false })
  state.root.replaceChildren(el("div", { class: "gx-bone wait" }))
  const pace = (/** @type {Run} */ run) => (TERMINAL.has(run.state) ? 0 : 400)
  state.end = live("/runs/{run_id}", { run_id: id }, pace, ({ data: run, error }) => {
    if (error) state.root.replaceChildren(alertLine(sentence(error)))
    if (!run) return
    draw(state, run)
    if (TERMINAL.has(run.state) && !state.reported) {
      state.reported = true
      state.ended(id)
    }
  })
}

/** @param {State} state @param {Run} run */
function draw(state, run) {
  const ended = TERMINAL.has(run.state), stopping = (state.stopping && !ended) || run.state === "stopping"
  const stop = el("button", { disabled: stopping, "aria-label": `Stop ${state.title}` }, stopping ? "Stopping…" : "Stop")
  stop.onclick = () => {
    state.stopping = true
    draw(state, run)
    sendVerb(run.id, "stop").catch(() => { state.stopping = false })
  }
  const seconds = runSeconds(run)
  const left = run.state === "running" && isNumber(run.progress.eta_s) ? `${duration(run.progress.eta_s)} left` : null
  const words = [state.title, run.progress.message, left ?? (exists(seconds) ? duration(seconds) : null)].filter(Boolean).join(" · ")
  renew(state.root,
    el("div", { class: "head", "data-run": run.id }, el("span", { class: "what" }, words),
      stateMark(stopping ? { ...run, state: "stopping" } : run), ended ? null : stop),
    progressBar(shareDone(run), state.title))
}
