// Fixed galaxies of a run at each evaluation: original, masked, reconstruction.

import { paintTile, spriteCache } from "../../ui/galaxies/sprites.js"
import { makeStore } from "../../ui/kit/component.js"
import { el, find } from "../../ui/kit/dom.js"
import { capitalised, grouped, percent } from "../../ui/kit/format.js"
import { live, refresh } from "../../ui/kit/poll.js"
import { runPace, TERMINAL } from "../../ui/kit/run.js"

/** @import { Run, Samples } from "../../api/contract.d.ts" */
/** @import { Mounting } from "../../ui/kit/mount.d.ts" */

/** @typedef {object} State
 * @property {HTMLElement} root
 * @property {HTMLInputElement} slider
 * @property {HTMLElement} caption
 * @property {HTMLElement} latest
 * @property {HTMLElement} grid
 * @property {HTMLElement} bar
 * @property {ResizeObserver} resize
 * @property {string} id
 * @property {number} at the chosen evaluation
 * @property {boolean} following whether it is the newest one
 * @property {ReturnType<typeof spriteCache>} sprites
 * @property {Samples | null} samples
 * @property {boolean} [done] whether the run has ended
 * @property {number} columns
 * @property {{ canvas: HTMLCanvasElement, column: number, row: number }[]} tiles
 * @property {() => void} [end]
 */

/** @type {ReturnType<typeof makeStore<State>>} */
const sampleViews = makeStore()

/** @param {Mounting<{ run_id: string }>} mounting */
export default function ({ data, parentElement }) {
  const state = sampleViews(parentElement, () => build(find(parentElement, ".gx-samples")))
  if (state.id !== data.run_id) follow(state, data.run_id)
  return () => {
    state.end?.()
    state.resize.disconnect()
  }
}

/** @param {HTMLElement} root @returns {State} */
function build(root) {
  const slider = el("input", { type: "range", min: 0, max: 0, value: 0, step: 1, "aria-label": "Evaluation" })
  slider.oninput = () => choose(state, Number(slider.value))
  const caption = el("output", {}), latest = el("button", { title: "Follow the newest evaluation" }, "Latest")
  latest.onclick = () => choose(state, newest(state))
  const grid = el("div", { class: "grid" }, el("div", { class: "gx-bone wait" }))
  const bar = el("div", { class: "bar", hidden: true }, slider, caption, latest)
  root.replaceChildren(bar, grid)
  const resize = new ResizeObserver(() => layOut(state))
  /** @type {State} */
  const state = { root, slider, caption, latest, grid, bar, resize, id: "", at: 0, following: true, sprites: spriteCache(64), samples: null,
    columns: 0, tiles: [] }
  resize.observe(root)
  return state
}

/** @param {State} state @param {string} id */
function follow(state, id) {
  state.end?.()
  Object.assign(state, { id, samples: null, columns: 0, following: true, sprites: spriteCache(64) })
  const ends = [
    live("/runs/{run_id}", { run_id: id }, runPace, ({ data: run }) => { if (run) noticeRun(state, run) }),
    live("/runs/{run_id}/samples", { run_id: id }, () => (state.done ? 0 : 2500), ({ data: samples }) => { if (samples) onSamples(state, samples) }),
  ]
  state.end = () => ends.forEach((end) => end())
}

/** @param {State} state @param {Run} run */
function noticeRun(state, run) {
  const ended = TERMINAL.has(run.state)
  if (ended && state.done === false) refresh("/runs/{run_id}/samples", { run_id: state.id })
  state.done = ended
}

/** @param {State} state */
const newest = (state) => (state.samples?.steps.length ?? 0) - 1

/** @param {State} state @param {Samples} samples */
function onSamples(state, samples) {
  if (samples.steps.length === state.samples?.steps.length) return
  state.samples = samples
  if (!samples.steps.length) return void empty(state)
  state.bar.hidden = false
  state.slider.max = String(newest(state))
  layOut(state, true)
  choose(state, state.following ? newest(state) : state.at)
}

/** @param {State} state */
function empty(state) {
  const words = state.done ? "This run ended before its first evaluation, so there are no reconstructions."
    : "Reconstructions appear with the first evaluation."
  state.grid.replaceChildren(el("p", { class: "gx-soft" }, words))
  state.columns = 0
}

/** @param {State} state @param {number} index */
function choose(state, index) {
  if (!state.samples) return
  const { steps } = state.samples
  state.at = index
  state.following = state.latest.hidden = index === newest(state)
  state.slider.value = String(index)
  state.caption.textContent = `step ${grouped(steps[index])} · evaluation ${index + 1} of ${steps.length}`
  show(state)
  for (const near of [index - 1, index + 1]) if (near in steps) sprite(state, steps[near])
}

/** @param {State} state @param {number} step */
const sprite = (state, step) => state.sprites("/runs/{run_id}/samples/{step}.png", { run_id: state.id, step })

/** Paints the chosen evaluation once its sprite is here. @param {State} state */
async function show(state) {
  const step = state.samples?.steps[state.at]
  if (step === undefined) return
  const image = await sprite(state, step)
  if (image && state.samples?.steps[state.at] === step) paint(state, state.samples, image)
}

/** Rows of tiles, in blocks if the galaxies do not fit side by side. @param {State} state */
function layOut(state, force = false) {
  const { samples } = state
  if (!samples?.steps.length) return
  const width = state.root.clientWidth, narrow = width < 640
  const fit = Math.max(Math.floor((width - (narrow ? 0 : 104)) / (narrow ? 84 : 96)), 2)
  const blocks = Math.ceil(samples.count / fit), columns = Math.ceil(samples.count / blocks)
  if (columns === state.columns && !force) return
  state.columns = columns
  state.tiles = []
  state.grid.replaceChildren(...Array.from({ length: blocks }, (_, b) => block(state, samples, b * columns)))
  if (!force) show(state)
}

/** @param {State} state @param {Samples} samples @param {number} first */
function block({ columns, tiles }, { count, rows, tile_px: side, galaxies, mask_ratio: masked }, first) {
  return el("div", { class: "block" }, rows.flatMap((row, r) => [
    el("span", { class: "row-name gx-soft" }, row === "masked" ? `Masked, ${percent(masked).replace(".0", "")}` : capitalised(row)),
    el("div", { class: "tiles", style: `grid-template-columns: repeat(${columns}, minmax(0, 152px))` },
      galaxies.slice(first, Math.min(first + columns, count)).map((galaxy, i) => {
        const canvas = el("canvas", { width: side, height: side, role: "img", "aria-label": `Galaxy ${galaxy}, ${row}` })
        tiles.push({ canvas, column: first + i, row: r })
        return canvas
      }))]))
}

/** @param {State} state @param {Samples} samples @param {HTMLImageElement} image */
function paint(state, samples, image) {
  state.grid.dataset.step = String(samples.steps[state.at])
  for (const { canvas, column, row } of state.tiles) paintTile(canvas, image, column, row, samples.tile_px)
}
