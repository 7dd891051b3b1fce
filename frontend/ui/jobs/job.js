// A short job: title, progress and a stop button.

import { makeStore } from "../kit/component.js"
import { el, exists, renew } from "../kit/dom.js"
import { duration, isNumber, sentence } from "../kit/format.js"
import { livePath } from "../kit/poll.js"
import { runPath, runSeconds, sendVerb, shareDone, stateMark, TERMINAL } from "../kit/run.js"

const jobs = makeStore()

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".gx-job")
  const state = jobs(parentElement, () => ({ root }))
  state.ended = (id) => setTriggerValue("ended", id)
  state.title = data.title
  if (state.id !== data.run_id) follow(state, data.run_id)
  return () => state.end?.()
}

function follow(state, id) {
  state.end?.()
  Object.assign(state, { id, reported: false, stopping: false })
  state.root.replaceChildren(el("div", { class: "gx-bone wait" }))
  state.end = livePath(runPath(id), (run) => (TERMINAL.has(run.state) ? 0 : 400), ({ data: run, error }) => {
    if (error) state.root.replaceChildren(el("p", { class: "gx-tone-bad", role: "alert" }, sentence(error)))
    if (!run) return
    draw(state, run)
    if (TERMINAL.has(run.state) && !state.reported) {
      state.reported = true
      state.ended(id)
    }
  })
}

function draw(state, run) {
  const share = shareDone(run)
  const stopping = (state.stopping && !TERMINAL.has(run.state)) || run.state === "stopping"
  const shown = stopping ? { ...run, state: "stopping" } : run
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
    el("div", { class: "head", "data-run": run.id }, el("span", { class: "what" }, words), stateMark(shown), TERMINAL.has(run.state) ? null : stop),
    el("div", { class: "gx-bar", role: "progressbar", "aria-label": state.title, "aria-valuenow": Math.floor(100 * (share ?? 0)), "aria-valuemin": 0, "aria-valuemax": 100 },
      el("i", { style: `width:${100 * (share ?? 0)}%` })))
}
