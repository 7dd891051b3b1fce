// The embedding space: run, checkpoint, depth, pooling and dataset.

import { fillSelect } from "../../ui/galaxies/picking.js"
import { get } from "../../ui/kit/api.js"
import { el } from "../../ui/kit/dom.js"
import { grouped } from "../../ui/kit/format.js"
import { hasTrait } from "../../ui/kit/run.js"

/** @import { EmbeddingState } from "../../api/contract.d.ts" */
/** @import { Child } from "../../ui/kit/dom.js" */
/** @import { RunOption } from "../../api/contract.d.ts" */
/** @import { DatasetOption, Encoder, EncoderBar, Pooling, Space } from "./state.d.ts" */

export const POOLING_WORDS = /** @type {const} */ ([["mean", "mean of patches"], ["cls", "class token"], ["both", "both"]])

/** Step 0 of a training is random weights; step 0 of an imported model is its own. @param {number} step @param {boolean} trained */
export const stepWord = (step, trained) => (trained && !step ? "0, random init" : grouped(step))

/** @param {string} word @param {HTMLElement} node */
const labelled = (word, node) => el("label", { class: "field" }, el("span", { class: "gx-soft" }, word), node)

/** `more` is appended. @param {Space} state @param {Child} more */
export function buildSpace(state, more = null) {
  state.encoder = encoderBar(state.change)
  state.sets = el("select", { "aria-label": "Dataset" })
  state.sets.onchange = () => state.change({ dataset: state.sets.value, row: null, plus: [], minus: [], trail: [], label: null, split: null })
  return el("div", { class: "bar space" }, state.encoder.fields, labelled("Dataset", state.sets), more)
}

/** Selects for one encoder; `choose` gets the changes, `whose` prefixes the labels of the second encoder.
 * @param {(changes: Partial<Encoder>) => void} choose
 */
export function encoderBar(choose, whose = "") {
  const bar = /** @type {EncoderBar} */ ({})
  const list = (/** @type {"runs" | "steps" | "depths" | "poolings"} */ name, /** @type {string} */ words,
    /** @type {(value: string) => Partial<Encoder>} */ toChanges) => {
    const node = el("select", { "aria-label": whose + words })
    node.onchange = () => choose(toChanges(node.value))
    return (bar[name] = node)
  }
  bar.fields = [
    labelled("Run", list("runs", "Run", (run) => ({ checkpoint: "best", depth: null, run }))),
    labelled("Checkpoint", list("steps", "Checkpoint", (checkpoint) => ({ checkpoint }))),
    labelled("Block", list("depths", "Depth", (depth) => ({ depth: depth ? Number(depth) : null }))),
    labelled("Pooling", list("poolings", "Pooling", (pooling) => ({ pooling: /** @type {Pooling} */ (pooling) })))]
  return bar
}

/** @param {Space} state */
export function showSpace(state) {
  const { datasets } = state.data
  showEncoder(state.encoder, state.data.runs, state.view, state.data.state)
  fillSelect(state.sets, datasets.map(({ name }) => [name, name]), state.view.dataset)
}

/** Shows the selection, with details from the embedding state.
 * @param {EncoderBar} bar
 * @param {RunOption[]} runs
 * @param {Encoder} selection
 * @param {EmbeddingState | null} embedding
 */
export function showEncoder(bar, runs, selection, embedding) {
  const { run, pooling, depth } = selection
  const known = runs.some((one) => one.id === run)
  bar.trained = runs.some((one) => one.id === run && hasTrait(one, "samples"))
  fillSelect(bar.runs, [...(known ? [] : [[run, run]]), ...runs.map(({ id, title }) => [id, title])], run)
  const layers = embedding?.layers ?? depth ?? 0
  const blocks = Array.from({ length: layers }, (_, i) => [String(i + 1), `${i + 1} of ${layers}`])
  fillSelect(bar.depths, [["", layers ? `last, ${layers}` : "last"], ...blocks.slice(0, -1)], depth === null || depth === layers ? "" : String(depth))
  fillSelect(bar.poolings, POOLING_WORDS, pooling)
  showSteps(bar, selection, embedding)
}

/** The checkpoints of the run, fetched once; best and last can always be selected.
 * @param {EncoderBar} bar
 * @param {Pick<Encoder, "run" | "checkpoint">} selection
 * @param {EmbeddingState | null} embedding
 */
async function showSteps(bar, { run, checkpoint }, embedding) {
  const meant = embedding?.run === run ? ` (step ${grouped(embedding.step)})` : ""
  const steps = bar.stepsOf === run ? bar.stepList : /^\d+$/.test(checkpoint) ? [Number(checkpoint)] : []
  const named = ["best", "last"].map((name) => [name, name === checkpoint ? name + meant : name])
  fillSelect(bar.steps, [...named, ...steps.map((step) => [String(step), `step ${stepWord(step, bar.trained)}`])], checkpoint)
  bar.redo = () => showSteps(bar, { run, checkpoint }, embedding)
  if (bar.stepsOf === run) return
  Object.assign(bar, { stepsOf: run, stepList: steps })
  try {
    const found = await get("/runs/{run_id}/checkpoints", { run_id: run })
    if (bar.stepsOf !== run) return
    bar.stepList = found.steps
    bar.redo()
  } catch {
    bar.stepsOf = null // retried with the next change; the page reports the error
  }
}

/** @param {Space} state @returns {DatasetOption | null} */
export function datasetNow(state) {
  return state.data.datasets.find(({ name }) => name === state.view.dataset) ?? null
}

/** The space shown, fully resolved. @param {Space} state */
export const spaceOf = ({ data }) => data.state && spaceOfEmbedding(data.state)
/** @param {EmbeddingState} embedding */
export const spaceOfEmbedding = ({ run, step, dataset, depth, pooling }) => ({ run, checkpoint: String(step), dataset, depth, pooling })
