// One run at a glance: state, progress, how good it is, and what can be done about it.

const statuses = makeStore()

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".gx-run_status")
  const state = statuses(parentElement, () => ({ root, waiting: null, problem: null, verdict: null, asked: {}, said: {} }))
  state.again = () => setTriggerValue("again", true)
  state.look = () => setTriggerValue("look", true)
  state.judge = () => setTriggerValue("judge", true)
  state.search = () => setTriggerValue("search", true)
  state.ended = (word) => setTriggerValue("ended", word)
  state.data = data
  if (state.id !== data.run.id) {
    state.end?.()
    Object.assign(state, { id: data.run.id, run: data.run, verdict: null, asked: {}, said: {} })
    const ends = [live(runPath(data.run.id), runPace, (news) => onNews(state, news))]
    if (data.judged) ends.push(live(verdictPath(data.run.id), verdictPace, (news) => onVerdict(state, news)))
    state.end = () => ends.forEach((end) => end())
  } else if (written(data.run) !== state.written) refresh(runPath(data.run.id)) // here and in the header
  state.written = written(data.run)
  draw(state)
  return () => state.end?.()
}

/** What a person wrote on it. */
const written = (run) => JSON.stringify([run.name, run.tags, run.note, run.archived])

function onNews(state, { data: run, error }) {
  if (!run) return void (state.problem = error)
  if (!TERMINAL.has(state.run.state) && TERMINAL.has(run.state)) state.ended(run.state)
  if (run.state !== state.run.state) state.waiting = null
  state.run = run
  settleAsked(state, run)
  draw(state)
}

function onVerdict(state, { data: verdict }) {
  if (!verdict) return
  state.verdict = verdict
  draw(state)
}

function draw(state) {
  const run = state.run
  const drawn = JSON.stringify([run, state.data, state.waiting, state.problem, state.verdict, state.asked, state.said])
  if (drawn === state.drawn) return
  state.drawn = drawn
  const focused = state.root.getRootNode().activeElement?.dataset.verb
  const parts = [
    el("div", { class: "head", "data-run": run.id }, title(state, run), actions(state, run)),
    progress(run), why(state, run), trend(state), el("div", { class: "facts" }, facts(run)), asks(state, run), scores(state, run)]
  renew(state.root, parts)
  if (focused) state.root.querySelector(`[data-verb="${focused}"]`)?.focus()
}

function title(state, run) {
  return el("div", { class: "title" },
    el("h1", {}, runTitle(run)), run.name ? el("span", { class: "gx-soft" }, run.id) : null, descent(run),
    stateMark(shownRun(state, run)), tagMarks(run), run.note ? el("p", { class: "own gx-soft" }, run.note) : null)
}

/** Where a classifier comes from. */
function descent(run) {
  if (!hasTrait(run, "classifies")) return null
  const from = run.config.encoder
  const words = hasTrait(run, "starts_from_weights") ? "fine-tuned from" : from ? "from scratch, built as" : "trained from scratch"
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
  stop: "Writes a checkpoint and ends the run", pause: "Writes a checkpoint, ends the process, frees the memory",
  resume: "Goes on from the last checkpoint",
}

function actions(state, run) {
  const verbs = VERBS[run.state].filter((verb) => verb !== "pause" || hasTrait(run, "trains"))
  const buttons = verbs.map((verb) => verbButton(state, run, verb))
  const classifier = hasTrait(run, "classifies"), trains = hasTrait(run, "trains")
  const form = run.state === "paused" && !classifier
  if (trains ? !["queued", "starting"].includes(run.state) : run.state === "succeeded") {
    if (!classifier) buttons.unshift(el("button", { "data-verb": "look", title: "What it makes of a galaxy it half sees", onClick: () => state.look() }, "Reconstruct"))
    buttons.push(el("button", { "data-verb": "judge", title: "How well it classifies, and where it fails", onClick: () => state.judge() }, "Evaluate"))
    buttons.push(el("button", { "data-verb": "search", title: "Which galaxies its encoder finds alike", onClick: () => state.search() }, "Similar"))
  }
  if ((TERMINAL.has(run.state) || form) && trains) buttons.push(againButton(state, run, classifier))
  return el("div", { class: "actions" }, buttons)
}

/** A pretraining is launched anew from its form, a classifier as it was. */
function againButton(state, run, classifier) {
  const word = classifier ? "Run again" : ["succeeded", "paused"].includes(run.state) ? "Train a variant…" : "Retry…"
  const note = classifier ? "Queues a run with these values" : "Opens the launch form filled with this run's values"
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
    state.problem = problem instanceof Refused ? problem.message : "The server does not answer; try again."
  } finally {
    state.waiting = null
    draw(state)
  }
}

const ASKS = {
  checkpoint: ["Checkpoint now", "Checkpoint asked for…", "Checkpoint written", "Writes a checkpoint and goes on"],
  sample: ["Sample now", "Samples asked for…", "Fixed galaxies drawn", "Reconstructs the fixed galaxies as the model is now, and goes on"],
}

/** What a running training can be asked for, and what became of it. */
function asks(state, run) {
  const verbs = run.state !== "running" || !hasTrait(run, "trains") ? [] : hasTrait(run, "samples") ? ["checkpoint", "sample"] : ["checkpoint"]
  const words = Object.values(state.said)
  if (!verbs.length && !words.length) return null
  return el("div", { class: "asks" }, verbs.map((verb) => askButton(state, run, verb)), el("span", { class: "gx-soft", role: "status" }, words.join(" ")))
}

function askButton(state, run, verb) {
  const [word, asked, , note] = ASKS[verb]
  const waits = exists(state.asked[verb])
  const button = el("button", { "data-verb": verb, title: note, disabled: waits }, waits ? asked : word)
  button.onclick = () => askNow(state, run, verb)
  return button
}

async function askNow(state, run, verb) {
  Object.assign(state, { asked: { ...state.asked, [verb]: Infinity }, said: { ...state.said, [verb]: "" }, problem: null })
  draw(state)
  try {
    const { seq } = await ask(`${runPath(run.id)}/${verb}`, { method: "POST" })
    if (exists(state.asked[verb])) state.asked[verb] = seq
  } catch (problem) {
    delete state.asked[verb]
    state.problem = problem instanceof Refused ? problem.message : "The server does not answer; try again."
    draw(state)
  }
}

/** Its worker has confirmed what was asked, or is gone. */
function settleAsked(state, run) {
  for (const [verb, seq] of Object.entries(state.asked)) {
    const obeyed = (run.progress.last_seq ?? 0) >= seq
    if (!obeyed && run.state === "running") continue
    delete state.asked[verb]
    const done = obeyed ? `${ASKS[verb][2]} by step ${grouped(run.progress.step)}.` : `The run is ${STATE_WORDS[run.state].replace("…", "")} now; nobody confirmed the request.`
    state.said = { ...state.said, [verb]: done }
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

/** Whether it still learns, in the server's words, and where early stopping acts. */
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
  if (!hasTrait(run, "trains")) return null
  if (hasTrait(run, "classifies")) return classifierScores(state, run)
  if (TERMINAL.has(run.state) && !isNumber(run.metrics["val/rankme"])) return null
  if (isNumber(run.metrics["val/rankme"]) && !isNumber(run.metrics["val/knn_accuracy"])) return unprobed(state, run)
  const columns = [["accuracy", "accuracy"], ["balanced accuracy", "balanced_accuracy"]]
  return el("details", { class: "scores", open: true },
    el("summary", {}, el("span", { class: "gx-soft" }, "How good is it? "), standing(run, state.data.noise)),
    el("div", { class: "tables" }, columns.map(([name, kind]) => scoreTable(state, run, name, kind))),
    el("p", { class: "gx-soft note" }, state.data.footnote))
}

/** Accuracy of a classifier on validation and, in the end, on test rows, beside what learned nothing. */
function classifierScores(state, run) {
  if (!isNumber(run.metrics["val/accuracy"])) return null
  const columns = [["accuracy", "accuracy"], ["balanced accuracy", "balanced_accuracy"]]
  const rows = [["validation", "val"], ...(isNumber(run.metrics["test/accuracy"]) ? [["test", "test"]] : [])]
  const heads = ["now", "raw pixels, linear", "raw pixels, k-NN", "majority"]
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
  return `${percent(now)} of the validation galaxies are called rightly${beside}.${isNumber(tested) ? ` Its best epoch: ${percent(tested)} of the test galaxies.` : ""}`
}

/** Without labels there is nothing to probe: what can be said, and no tables of dashes. */
function unprobed(state, run) {
  return el("div", { class: "scores" },
    el("p", {}, el("span", { class: "gx-soft" }, "How good is it? "),
      "There are no labels, so there are no accuracies. Look at the loss and at the reconstructions."),
    el("p", { class: "gx-soft note" }, state.data.footnote))
}

function scoreTable(state, run, name, kind) {
  const heads = ["now", ...REFERENCES.map(([title]) => title), "majority"]
  const rows = [[probedBySgd(run) ? "linear, SGD" : "linear", "linear"], ["k-NN", "knn"]]
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

/** What the validation figures say, and how much of a difference may be chance. */
function standing(run, noise) {
  const now = run.metrics["val/linear_accuracy"], init = run.baselines.random_init_linear_accuracy
  const pixels = run.baselines.raw_pixel_linear_accuracy
  if (!isNumber(now)) return "No evaluation yet."
  if (probedBySgd(run)) return `Linear probe by SGD ${percent(now)}. Its references are by L-BFGS, another estimator.`
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
