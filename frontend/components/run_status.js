// One run at a glance: state, progress, how good it is, and what can be done about it.

const statuses = makeStore()

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".gx-run_status")
  const state = statuses(parentElement, () => ({ root, waiting: null, problem: null }))
  state.again = () => setTriggerValue("again", true)
  state.look = () => setTriggerValue("look", true)
  state.judge = () => setTriggerValue("judge", true)
  state.search = () => setTriggerValue("search", true)
  state.ended = (word) => setTriggerValue("ended", word)
  state.data = data
  if (state.id !== data.run.id) {
    state.end?.()
    state.id = data.run.id
    state.run = data.run
    state.end = live(runPath(data.run.id), runPace, (news) => onNews(state, news))
  }
  draw(state)
  return () => state.end?.()
}

function onNews(state, { data: run, error }) {
  if (!run) return void (state.problem = error)
  if (!TERMINAL.has(state.run.state) && TERMINAL.has(run.state)) state.ended(run.state)
  if (run.state !== state.run.state) state.waiting = null
  state.run = run
  draw(state)
}

function draw(state) {
  const run = state.run
  const drawn = JSON.stringify([run, state.data, state.waiting, state.problem])
  if (drawn === state.drawn) return
  state.drawn = drawn
  const focused = state.root.getRootNode().activeElement?.dataset.verb
  const parts = [
    el("div", { class: "head", "data-run": run.id }, title(state, run), actions(state, run)),
    progress(run), why(state, run), el("div", { class: "facts" }, facts(run)), scores(state, run)]
  renew(state.root, parts)
  if (focused) state.root.querySelector(`[data-verb="${focused}"]`)?.focus()
}

function title(state, run) {
  return el("div", { class: "title" },
    el("h1", {}, runTitle(run)), run.name ? el("span", { class: "gx-soft" }, run.id) : null,
    stateMark(shownRun(state, run)))
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
  stop: "Writes a checkpoint and ends the run", pause: "Writes a checkpoint, ends the process, frees the memory",
  resume: "Goes on from the last checkpoint",
}

function actions(state, run) {
  const verbs = VERBS[run.state].filter((verb) => verb !== "pause" || run.kind !== "adopt")
  const buttons = verbs.map((verb) => verbButton(state, run, verb))
  if (run.kind === "adopt" ? run.state === "succeeded" : run.kind === "pretrain" && !["queued", "starting"].includes(run.state)) {
    buttons.unshift(
      el("button", { "data-verb": "look", title: "What it makes of a galaxy it half sees", onClick: () => state.look() }, "Reconstruct"),
      el("button", { "data-verb": "judge", title: "How well its encoder classifies, and where it fails", onClick: () => state.judge() }, "Evaluate"))
  }
  if (run.kind === "adopt" ? run.state === "succeeded" : !["queued", "starting"].includes(run.state)) {
    buttons.push(el("button", { "data-verb": "search", title: "Which galaxies its encoder finds alike", onClick: () => state.search() }, "Similar"))
  }
  if (TERMINAL.has(run.state) && run.kind !== "adopt") {
    const word = run.state === "succeeded" ? "Train a variant…" : "Retry…"
    const again = el("button", { "data-verb": "again", title: "Opens the launch form filled with this run's values" }, word)
    again.onclick = () => state.again()
    buttons.push(again)
  }
  return el("div", { class: "actions" }, buttons)
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
    state.problem = problem instanceof Refused ? problem.message : "The server does not answer; try again."
  } finally {
    state.waiting = null
    draw(state)
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

function facts(run) {
  const p = run.progress
  const speed = p.images_per_s ?? run.images_per_s
  const total = p.total_steps ? ` of ${grouped(p.total_steps)}` : ""
  const epochs = run.config.epochs ? ` of ${grouped(run.config.epochs)}` : ""
  const liveNow = run.state === "running"
  return [
    fact("step", `${grouped(p.step)}${total}`),
    fact("epoch", exists(p.epoch) ? `${p.epoch.toFixed(1)}${epochs}` : "–"),
    fact("images/s", isNumber(speed) ? grouped(speed) : "–"),
    fact("left", liveNow && isNumber(p.eta_s) ? duration(p.eta_s) : "–"),
    fact(TERMINAL.has(run.state) ? "took" : ["queued", "paused"].includes(run.state) ? "since its start" : "runs for", exists(runSeconds(run)) ? duration(runSeconds(run)) : "–", clockTime(run.started_at)),
    fact("memory", p.rss_bytes ? bytes(p.rss_bytes) : "–"),
    run.attempt > 1 ? fact("attempt", String(run.attempt)) : null,
  ].filter(Boolean)
}

function fact(name, value, note = null) {
  return el("div", { class: "fact", title: note }, el("span", { class: "gx-soft" }, name), el("b", {}, value))
}

const REFERENCES = [["random init", "random_init"], ["raw pixels", "raw_pixel"]]

/** Accuracy of both probes beside the references, plain and balanced. */
function scores(state, run) {
  if (run.kind === "adopt") return null
  if (TERMINAL.has(run.state) && !isNumber(run.metrics["val/rankme"])) return null
  if (isNumber(run.metrics["val/rankme"]) && !isNumber(run.metrics["val/knn_accuracy"])) return unprobed(state, run)
  const columns = [["accuracy", "accuracy"], ["balanced accuracy", "balanced_accuracy"]]
  return el("details", { class: "scores", open: true },
    el("summary", {}, el("span", { class: "gx-soft" }, "Is it learning? "), verdict(run, state.data.noise)),
    el("div", { class: "tables" }, columns.map(([name, kind]) => scoreTable(state, run, name, kind))),
    el("p", { class: "gx-soft note" }, state.data.footnote))
}

/** Without labels there is nothing to probe: what can be said, and no tables of dashes. */
function unprobed(state, run) {
  return el("div", { class: "scores" },
    el("p", {}, el("span", { class: "gx-soft" }, "Is it learning? "),
      `There are no labels, so there are no accuracies; RankMe is ${run.metrics["val/rankme"].toPrecision(3)}. Look at the loss and at the reconstructions.`),
    el("p", { class: "gx-soft note" }, state.data.footnote))
}

function scoreTable(state, run, name, kind) {
  const heads = ["now", ...REFERENCES.map(([title]) => title), "majority"]
  const rows = [["linear", "linear"], ["k-NN", "knn"]]
  return el("table", {},
    el("thead", {}, el("tr", {}, el("th", { class: "what" }, name), heads.map((title) => el("th", { scope: "col" }, title)))),
    el("tbody", {}, rows.map(([title, probe]) => el("tr", {}, el("th", { scope: "row" }, title), scoreCells(run, probe, kind, state.data.noise)))))
}

function scoreCells(run, probe, kind, noise) {
  const now = run.metrics[`val/${probe}_${kind}`]
  const references = REFERENCES.map(([, name]) => run.baselines[`${name}_${probe}_${kind}`])
  return [el("td", { class: "now" }, isNumber(now) ? percent(now) : "–"),
    ...[...references, run.baselines[`majority_${kind}`]].map((value) => versus(now, value, noise))]
}

function versus(now, value, noise) {
  if (!isNumber(value)) return el("td", { class: "gx-soft" }, "–")
  const gap = isNumber(now) ? 100 * (now - value) : null
  return el("td", {}, percent(value), gap === null ? null
    : el("small", { class: gap > 100 * (noise ?? 0) ? "gx-tone-good" : "gx-soft" }, `${gap > 0 ? "+" : gap < 0 ? "−" : "±"}${Math.abs(gap).toFixed(1)}`))
}

/** What the validation figures say, and how much of a difference may be chance. */
function verdict(run, noise) {
  const now = run.metrics["val/linear_accuracy"], init = run.baselines.random_init_linear_accuracy
  const pixels = run.baselines.raw_pixel_linear_accuracy
  if (!isNumber(now)) return "No evaluation yet."
  const gaps = [["its own random init", init], ["raw pixels", pixels]].filter(([, value]) => isNumber(value))
  const words = gaps.map(([name, value]) => `${points(now - value)} ${name}`)
  const doubt = noise && gaps.some(([, value]) => Math.abs(now - value) < noise)
  const chance = doubt ? ` Differences under ${(100 * noise).toFixed(0)} points may be chance here.` : ""
  return `Linear probe ${percent(now)}${words.length ? `: ${words.join(", ")}` : ""}.${chance}`
}

function points(gap) {
  if (Math.abs(gap) < 0.0005) return "level with"
  return `${Math.abs(100 * gap).toFixed(1)} points ${gap > 0 ? "over" : "under"}`
}
