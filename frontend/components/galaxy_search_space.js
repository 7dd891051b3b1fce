// Whose eyes see alike: run, checkpoint, depth, pooling, and the dataset that is searched.

const LOST_SERVER = "The server does not answer; this page keeps what it showed."
const POOLING_WORDS = [["mean", "mean of patches"], ["cls", "class token"], ["both", "both side by side"]]

function buildSpace(state) {
  const list = (name, words, wanted) => {
    const node = el("select", { "aria-label": words })
    node.onchange = () => change(state, wanted(node.value))
    return (state[name] = node)
  }
  const otherSpace = (value) => ({ checkpoint: "best", depth: null, ...value })
  const field = (word, node) => el("label", { class: "field" }, el("span", { class: "gx-soft" }, word), node)
  return el("div", { class: "bar space" },
    field("run", list("runs", "Run", (run) => otherSpace({ run }))),
    field("checkpoint", list("steps", "Checkpoint", (checkpoint) => ({ checkpoint }))),
    field("depth", list("depths", "Depth", (depth) => ({ depth: depth ? Number(depth) : null }))),
    field("features", list("poolings", "Pooling", (pooling) => ({ pooling }))),
    field("galaxies of", list("sets", "Dataset", (dataset) => ({ dataset, row: null, plus: [], minus: [], trail: [], label: null, split: null }))))
}

function showSpace(state) {
  const { runs, datasets } = state.data
  const { run, pooling, depth, dataset } = state.want
  const known = runs.some((one) => one.id === run)
  fillSelect(state.runs, [...(known ? [] : [[run, run]]), ...runs.map(({ id, title }) => [id, title])], run)
  const layers = state.data.state?.layers ?? depth ?? 0
  const blocks = Array.from({ length: layers }, (_, i) => [String(i + 1), `${i + 1} of ${layers}`])
  fillSelect(state.depths, [["", layers ? `last, ${layers}` : "last"], ...blocks.slice(0, -1)], depth === null || depth === layers ? "" : String(depth))
  fillSelect(state.poolings, POOLING_WORDS, pooling)
  fillSelect(state.sets, datasets.map(({ name }) => [name, name]), dataset)
  showSteps(state)
}

/** Checkpoints of the run, asked for once; best and last are always there to choose. */
async function showSteps(state) {
  const { run, checkpoint } = state.want
  const meant = state.data.state?.run === run ? ` (step ${grouped(state.data.state.step)})` : ""
  const steps = state.stepsOf === run ? state.stepList : /^\d+$/.test(checkpoint) ? [Number(checkpoint)] : []
  const named = ["best", "last"].map((name) => [name, name === checkpoint ? name + meant : name])
  fillSelect(state.steps, [...named, ...steps.map((step) => [String(step), `step ${grouped(step)}`])], checkpoint)
  if (state.stepsOf === run) return
  Object.assign(state, { stepsOf: run, stepList: steps })
  try {
    const found = await ask(`${runPath(run)}/checkpoints`)
    if (state.stepsOf !== run) return
    state.stepList = found.steps
    showSteps(state)
  } catch {
    state.stepsOf = null // asked again with the next change; the page itself says what is wrong
  }
}

function datasetNow(state) {
  return state.data.datasets.find(({ name }) => name === state.want.dataset) ?? null
}

/** The space that is shown, with nothing left open. */
function spaceOf({ data: { state } }) {
  const { run, step, dataset, depth, pooling } = state
  return { run, checkpoint: String(step), dataset, depth, pooling }
}
