// The model and an optional second one: run, checkpoint, and the wipe between the two.

import { fillSelect } from "../../ui/galaxies/picking.js"
import { el, exists } from "../../ui/kit/dom.js"
import { clamp, grouped, isNumber } from "../../ui/kit/format.js"
import { drawScene, PREDICTED } from "./draw.js"
import { refreshScene, reportSoon } from "./mask_scrubber.js"
import { closeSide, followRun, makeSide, stepOf, wantExact } from "./net.js"
import { datasetName } from "./pick.js"
import { showMessages } from "./words.js"

/** @import { Model, Side, SideName, State } from "./state.d.ts" */

const RUN_OF = /** @type {const} */ ({ a: "run", b: "against" })
const CHECKPOINT_OF = /** @type {const} */ ({ a: "checkpoint", b: "against_checkpoint" })

/** A run and a slider over its checkpoints. @param {State} state @param {SideName} name */
export function buildModel(state, name) {
  const model = (state.models[name] = /** @type {Model} */ ({}))
  model.run = el("select", { class: "run", "aria-label": name === "a" ? "Run" : "Run to compare with" })
  model.run.onchange = () => setRun(state, name, model.run.value)
  model.slider = el("input", { type: "range", min: 0, max: 0, step: 1, "aria-label": name === "a" ? "Checkpoint" : "Checkpoint to compare with" })
  model.slider.oninput = () => setCheckpoint(state, name, String(state.sides[name]?.steps?.steps[Number(model.slider.value)] ?? "last"))
  model.caption = el("output", { class: "gx-soft" })
  model.last = el("button", { class: "narrow", title: "Follow the newest checkpoint", onClick: () => setCheckpoint(state, name, "last") }, "Latest")
  model.best = el("button", { class: "narrow", title: "The checkpoint with the best evaluation", onClick: () => setCheckpoint(state, name, "best") }, "Best")
  model.letter = el("b", { class: `letter side-${name}` }, name.toUpperCase())
  model.node = el("div", { class: "group model" }, model.letter, model.run, model.slider, model.caption, model.last, model.best)
  return model.node
}

/** @param {State} state @param {SideName} name @param {string} runId */
function setRun(state, name, runId) {
  if (name === "a") state.view.dataset = datasetName(state) // keep the galaxy when changing the run
  state.view[RUN_OF[name]] = runId
  state.view[CHECKPOINT_OF[name]] = "last"
  followAll(state)
  wantExact(state, 0)
  reportSoon(state)
}

/** @param {State} state @param {SideName} name @param {string} checkpoint */
function setCheckpoint(state, name, checkpoint) {
  const side = state.sides[name]
  if (!side) return
  state.view[CHECKPOINT_OF[name]] = checkpoint
  Object.assign(side, { checkpoint, problem: null })
  showCheckpoints(state, side)
  refreshScene(state)
  wantExact(state, 0)
  reportSoon(state)
}

/** Updates both sides to the current view; creates or closes the second one. @param {State} state */
export function followAll(state) {
  const { view, sides } = state
  followRun(state, sides.a, view.run, view.checkpoint)
  if (view.against === null && sides.b) { closeSide(sides.b); sides.b = null }
  if (view.against !== null) followRun(state, (sides.b ??= makeSide("b")), view.against, view.against_checkpoint)
  showModels(state)
  refreshScene(state)
}

/** @param {State} state */
function showModels(state) {
  const options = state.data.runs.map((run) => [run.id, run.title])
  for (const name of /** @type {const} */ (["a", "b"])) fillSelect(state.models[name].run, options, state.view[RUN_OF[name]] ?? "")
  const two = state.view.against !== null
  state.versus.hidden = !two
  state.models.a.letter.hidden = !two
  state.compare.hidden = two
  for (const line of wipeLines(state)) line.hidden = !two
  placeWipe(state, state.wipe)
}

/** @param {State} state @param {Side} side */
export function showCheckpoints(state, side) {
  const model = state.models[side.name]
  const steps = side.steps?.steps ?? []
  const step = stepOf(side)
  const index = step === null ? -1 : steps.indexOf(step)
  model.slider.max = String(Math.max(steps.length - 1, 0))
  model.slider.value = String(Math.max(index, 0))
  model.slider.disabled = steps.length < 2
  const epoch = side.steps?.epochs[index]
  const word = step === null || index < 0 ? "no checkpoint yet" : [`step ${grouped(step)}`, isNumber(epoch) ? `epoch ${Number(epoch.toFixed(1))}` : null].filter(Boolean).join(" · ")
  model.caption.textContent = side.steps ? word : ""
  model.slider.setAttribute("aria-valuetext", word)
  model.last.hidden = steps.length < 2
  model.last.setAttribute("aria-pressed", String(side.checkpoint === "last"))
  model.best.hidden = steps.length < 2 || !exists(side.steps?.best)
  model.best.setAttribute("aria-pressed", String(side.checkpoint === "best"))
  showMessages(state)
}

/** Starts a comparison with the first checkpoint of the same run. @param {State} state */
export function startVersus(state) {
  const { steps } = state.sides.a
  Object.assign(state.view, { against: state.view.run, against_checkpoint: steps?.steps.length ? String(steps.steps[0]) : "last" })
  followAll(state)
  wantExact(state, 0)
  reportSoon(state)
}

/** @param {State} state */
function endVersus(state) {
  Object.assign(state.view, { against: null, against_checkpoint: "last" })
  followAll(state)
  reportSoon(state)
}

/** @param {State} state */
export function buildVersus(state) {
  state.wipeSlider = el("input", { type: "range", min: 0, max: 1000, step: 1, value: 500, "aria-label": "Wipe between A and B" })
  state.wipeSlider.oninput = () => placeWipe(state, Number(state.wipeSlider.value) / 1000)
  state.versus = el("div", { class: "bar versus", hidden: true }, buildModel(state, "b"),
    el("label", { class: "group wipe-bar" }, el("span", { class: "gx-soft" }, "A"), state.wipeSlider, el("span", { class: "gx-soft" }, "B")),
    el("button", { onClick: () => endVersus(state) }, "Close"))
  for (const name of PREDICTED) {
    const { frame } = state.panels[name]
    const follow = (/** @type {PointerEvent} */ event) => {
      if (!state.sides.b || !event.buttons) return
      const box = frame.getBoundingClientRect()
      placeWipe(state, clamp((event.clientX - box.left) / box.width, 0, 1))
    }
    frame.onpointerdown = (event) => { if (state.sides.b) { frame.setPointerCapture(event.pointerId); follow(event) } }
    frame.onpointermove = follow
  }
  return state.versus
}

/** @param {State} state */
const wipeLines = ({ panels }) => PREDICTED.map((name) => panels[name].line).filter(exists)

/** @param {State} state @param {number} share */
function placeWipe(state, share) {
  state.wipe = share
  state.wipeSlider.value = String(Math.round(1000 * share))
  for (const line of wipeLines(state)) line.style.left = `${100 * share}%`
  drawScene(state)
}

/** Why the two models have different masks; "" if they do not. @param {State} state */
export function unlike({ sides: { a, b } }) {
  if (!a.exact || !b?.exact) return ""
  const [one, two] = [a.exact.result, b.exact.result]
  if (one.patches !== two.patches) return `A has ${one.patches} patches and B has ${two.patches}, so their masks differ.`
  const fit = JSON.stringify(a.exact.request.masking) === JSON.stringify(b.exact.request.masking)
  return fit && String(one.ids_keep) !== String(two.ids_keep) ? "A and B have different masks." : ""
}
