// Fixed galaxies of a run at each evaluation: original, masked, reconstruction.

import { API } from "../../ui/kit/api.js"
import { makeStore } from "../../ui/kit/component.js"
import { el } from "../../ui/kit/dom.js"
import { capitalised, grouped, percent } from "../../ui/kit/format.js"
import { livePath, refreshPath } from "../../ui/kit/poll.js"
import { runPace, runPath, TERMINAL } from "../../ui/kit/run.js"

const sampleViews = makeStore()

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".gx-samples")
  const state = sampleViews(parentElement, () => build(root))
  if (state.id !== data.run_id) follow(state, data)
  return () => {
    state.end?.()
    state.endRun?.()
    state.resize.disconnect()
  }
}

function build(root) {
  const state = { root, sprites: new Map(), at: 0, following: true }
  state.slider = el("input", { type: "range", min: 0, max: 0, value: 0, step: 1, "aria-label": "Evaluation" })
  state.slider.oninput = () => choose(state, Number(state.slider.value))
  state.caption = el("output", {})
  state.latest = el("button", { title: "Follow the newest evaluation" }, "Latest")
  state.latest.onclick = () => choose(state, state.samples.steps.length - 1)
  state.grid = el("div", { class: "grid" }, el("div", { class: "gx-bone wait" }))
  state.bar = el("div", { class: "bar", hidden: true }, state.slider, state.caption, state.latest)
  root.replaceChildren(state.bar, state.grid)
  state.resize = new ResizeObserver(() => layOut(state))
  state.resize.observe(root)
  return state
}

function follow(state, data) {
  state.end?.()
  state.endRun?.()
  Object.assign(state, { id: data.run_id, samples: null, columns: 0, following: true })
  state.sprites.clear()
  state.endRun = livePath(runPath(data.run_id), runPace, ({ data: run }) => { if (run) noticeRun(state, run) })
  state.end = livePath(`${runPath(data.run_id)}/samples`, () => (state.done ? 0 : 2500), ({ data: samples }) => {
    if (samples) onSamples(state, samples)
  })
}

function noticeRun(state, run) {
  const ended = TERMINAL.has(run.state)
  if (ended && state.done === false) refreshPath(`${runPath(state.id)}/samples`)
  state.done = ended
  state.run = run
}

function onSamples(state, samples) {
  if (state.samples && samples.steps.length === state.samples.steps.length) return
  state.samples = samples
  if (!samples.steps.length) return void empty(state)
  state.bar.hidden = false
  state.slider.max = samples.steps.length - 1
  layOut(state, true)
  choose(state, state.following ? samples.steps.length - 1 : state.at)
}

function empty(state) {
  const words = state.done ? "This run ended before its first evaluation, so there are no reconstructions."
    : "Reconstructions appear with the first evaluation."
  state.grid.replaceChildren(el("p", { class: "gx-soft" }, words))
  state.columns = 0
}

function choose(state, index) {
  state.at = index
  state.following = index === state.samples.steps.length - 1
  state.slider.value = index
  state.latest.hidden = state.following
  const step = state.samples.steps[index]
  state.caption.textContent = `step ${grouped(step)} · evaluation ${index + 1} of ${state.samples.steps.length}`
  sprite(state, step).then((image) => { if (state.samples.steps[state.at] === step) paint(state, image, step) })
  for (const near of [index - 1, index + 1]) {
    if (near in state.samples.steps) sprite(state, state.samples.steps[near])
  }
}

/** The decoded sprite of a step; at most 64 are cached. */
function sprite(state, step) {
  if (!state.sprites.has(step)) {
    const image = new Image()
    image.src = `${API}${runPath(state.id)}/samples/${step}.png`
    state.sprites.set(step, image.decode().then(() => image, () => {
      state.sprites.delete(step)
      return null
    }))
    if (state.sprites.size > 64) state.sprites.delete(state.sprites.keys().next().value)
  }
  return state.sprites.get(step)
}

/** Rows of tiles, in blocks if the galaxies do not fit side by side. */
function layOut(state, force = false) {
  if (!state.samples?.steps.length) return
  const { count, rows } = state.samples
  const width = state.root.clientWidth
  const narrow = width < 640
  const fit = Math.max(Math.floor((width - (narrow ? 0 : 104)) / (narrow ? 84 : 96)), 2)
  const blocks = Math.ceil(count / fit)
  const columns = Math.ceil(count / blocks)
  if (columns === state.columns && !force) return
  state.columns = columns
  state.tiles = []
  state.grid.replaceChildren(...Array.from({ length: blocks }, (_, b) => block(state, b * columns, columns, rows)))
  const step = state.samples.steps[state.at]
  if (!force && step !== undefined) sprite(state, step).then((image) => paint(state, image, step))
}

function block(state, first, columns, rows) {
  const { count, tile_px: side, galaxies } = state.samples
  const last = Math.min(first + columns, count)
  return el("div", { class: "block" }, rows.map((row, r) => [
    el("span", { class: "row-name gx-soft" }, row === "masked" ? `Masked, ${percent(state.samples.mask_ratio).replace(".0", "")}` : capitalised(row)),
    el("div", { class: "tiles", style: `grid-template-columns: repeat(${columns}, minmax(0, 152px))` },
      Array.from({ length: last - first }, (_, i) => {
        const canvas = el("canvas", { width: side, height: side, role: "img", "aria-label": `Galaxy ${galaxies[first + i]}, ${row}` })
        state.tiles.push({ canvas, column: first + i, row: r })
        return canvas
      }))]).flat())
}

function paint(state, image, step) {
  if (!image) return
  const side = state.samples.tile_px
  state.grid.dataset.step = step
  for (const { canvas, column, row } of state.tiles) {
    canvas.getContext("2d").drawImage(image, column * side, row * side, side, side, 0, 0, side, side)
    const enlarged = canvas.clientWidth * devicePixelRatio > 2 * side
    canvas.style.imageRendering = enlarged ? "pixelated" : "auto"
  }
}
