// Whose eyes see alike: run, checkpoint, depth, pooling, and the dataset that is searched.

const LOST_SERVER = "The server does not answer; this page keeps what it showed."
const POOLING_WORDS = [["mean", "mean of patches"], ["cls", "class token"], ["both", "both side by side"]]

/** A training begins with random weights; a model from elsewhere has its own at step 0. */
const stepWord = (step, trained) => (trained && !step ? "0, random init" : grouped(step))

const labelled = (word, node) => el("label", { class: "field" }, el("span", { class: "gx-soft" }, word), node)

/** `more` stands at its end. */
function buildSpace(state, more = null) {
  state.encoder = encoderBar((changes) => change(state, changes))
  state.sets = el("select", { "aria-label": "Dataset" })
  state.sets.onchange = () => change(state, { dataset: state.sets.value, row: null, plus: [], minus: [], trail: [], label: null, split: null })
  return el("div", { class: "bar space" }, state.encoder.fields, labelled("galaxies of", state.sets), more)
}

/** Selects of one encoder; `choose` hears what was chosen, `whose` tells the second's from the first's. */
function encoderBar(choose, whose = "") {
  const bar = {}
  const list = (name, words, wanted) => {
    const node = el("select", { "aria-label": whose + words })
    node.onchange = () => choose(wanted(node.value))
    return (bar[name] = node)
  }
  bar.fields = [
    labelled("run", list("runs", "Run", (run) => ({ checkpoint: "best", depth: null, run }))),
    labelled("checkpoint", list("steps", "Checkpoint", (checkpoint) => ({ checkpoint }))),
    labelled("depth", list("depths", "Depth", (depth) => ({ depth: depth ? Number(depth) : null }))),
    labelled("features", list("poolings", "Pooling", (pooling) => ({ pooling })))]
  return bar
}

function showSpace(state) {
  const { datasets } = state.data
  showEncoder(state.encoder, state.data.runs, state.want, state.data.state)
  fillSelect(state.sets, datasets.map(({ name }) => [name, name]), state.want.dataset)
}

/** What is wanted of an encoder, and what its embedding state says that means. */
function showEncoder(bar, runs, wanted, embedding) {
  const { run, pooling, depth } = wanted
  const known = runs.some((one) => one.id === run)
  bar.trained = runs.some((one) => one.id === run && hasTrait(one, "samples"))
  fillSelect(bar.runs, [...(known ? [] : [[run, run]]), ...runs.map(({ id, title }) => [id, title])], run)
  const layers = embedding?.layers ?? depth ?? 0
  const blocks = Array.from({ length: layers }, (_, i) => [String(i + 1), `${i + 1} of ${layers}`])
  fillSelect(bar.depths, [["", layers ? `last, ${layers}` : "last"], ...blocks.slice(0, -1)], depth === null || depth === layers ? "" : String(depth))
  fillSelect(bar.poolings, POOLING_WORDS, pooling)
  showSteps(bar, wanted, embedding)
}

/** Checkpoints of the run, asked for once; best and last are always there to choose. */
async function showSteps(bar, { run, checkpoint }, embedding) {
  const meant = embedding?.run === run ? ` (step ${grouped(embedding.step)})` : ""
  const steps = bar.stepsOf === run ? bar.stepList : /^\d+$/.test(checkpoint) ? [Number(checkpoint)] : []
  const named = ["best", "last"].map((name) => [name, name === checkpoint ? name + meant : name])
  fillSelect(bar.steps, [...named, ...steps.map((step) => [String(step), `step ${stepWord(step, bar.trained)}`])], checkpoint)
  bar.redo = () => showSteps(bar, { run, checkpoint }, embedding)
  if (bar.stepsOf === run) return
  Object.assign(bar, { stepsOf: run, stepList: steps })
  try {
    const found = await ask(`${runPath(run)}/checkpoints`)
    if (bar.stepsOf !== run) return
    bar.stepList = found.steps
    bar.redo()
  } catch {
    bar.stepsOf = null // asked again with the next change; the page itself says what is wrong
  }
}

function datasetNow(state) {
  return state.data.datasets.find(({ name }) => name === state.want.dataset) ?? null
}

/** The space that is shown, with nothing left open. */
const spaceOf = ({ data }) => spaceOfEmbedding(data.state)
const spaceOfEmbedding = ({ run, step, dataset, depth, pooling }) => ({ run, checkpoint: String(step), dataset, depth, pooling })
