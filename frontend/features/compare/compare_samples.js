// The same galaxies reconstructed by several pretrainings: one row per run, one column per galaxy, a slider over epochs.

import { readColours } from "../../ui/charts/palette.js"
import { paintTile, spriteCache } from "../../ui/galaxies/sprites.js"
import { makeStore } from "../../ui/kit/component.js"
import { el, find } from "../../ui/kit/dom.js"
import { isNumber } from "../../ui/kit/format.js"
import { live } from "../../ui/kit/poll.js"
import { TERMINAL } from "../../ui/kit/run.js"

/** @import { ComparedRun, Samples } from "../../api/contract.d.ts" */
/** @typedef {{ runs: ComparedRun[] }} Data */
/** @typedef {Pick<Samples, "steps" | "epochs" | "galaxies" | "tile_px">} RunSamples */
/** @typedef {0 | 1 | 2} Part the original, the masked input, the reconstruction: a row of the sprite */
/** @typedef {{ canvas: HTMLCanvasElement, run: ComparedRun, part: Part, column: number, side: number }} Tile */
/** @typedef {ReturnType<typeof build>} State */

/** @type {ReturnType<typeof makeStore<State>>} */
const sampleRows = makeStore()
const EDGE = 128

/** @param {import("../../ui/kit/mount.d.ts").Mounting<Data>} mounting */
export default function ({ data, parentElement }) {
  const root = find(parentElement, ".gx-compare_samples")
  const state = sampleRows(parentElement, () => build(root, data))
  state.tint = readColours(root)
  state.data = data
  followSamples(state)
  return () => {
    for (const end of state.ends.values()) end()
    state.ends.clear()
    state.resize.disconnect()
  }
}

/** @param {HTMLElement} root @param {Data} data */
function build(root, data) {
  const slider = el("input", { type: "range", min: 0, max: 0, value: 0, step: 1, "aria-label": "Epoch" })
  const box = el("input", { type: "checkbox" }), caption = el("output", {})
  const state = {
    root, data, tint: readColours(root), slider, caption, masked: false, drawn: "",
    ends: /** @type {Map<string, () => void>} */ (new Map()),
    samples: /** @type {Map<string, RunSamples>} */ (new Map()),
    sprites: spriteCache(128),
    epoch: /** @type {number | null} */ (null), epochs: /** @type {number[]} */ ([]), tiles: /** @type {Tile[]} */ ([]),
    bar: el("div", { class: "bar", hidden: true }, slider, caption, el("label", { class: "toggle" }, box, "Show masked input")),
    note: el("p", { class: "gx-soft message" }),
    board: el("div", { class: "board" }, el("div", { class: "gx-bone wait" })),
    resize: new ResizeObserver(() => layOutSamples(state, true)),
  }
  slider.oninput = () => {
    state.epoch = state.epochs[Number(slider.value)]
    paintSamples(state)
  }
  box.onchange = () => {
    state.masked = box.checked
    layOutSamples(state)
  }
  root.replaceChildren(state.bar, state.note, state.board)
  state.resize.observe(root)
  return state
}

/** @type {RunSamples} */
const NO_SAMPLES = { steps: [], epochs: [], galaxies: [], tile_px: 0 }

/** What is known of the samples of a run.
 * @param {State} state
 * @param {ComparedRun} run
 */
const samplesOf = (state, run) => state.samples.get(run.id) ?? NO_SAMPLES

/** Fetches finished runs once, active ones every few seconds.
 * @param {State} state
 */
function followSamples(state) {
  for (const [id, end] of state.ends) {
    if (state.data.runs.some((run) => run.id === id)) continue
    end()
    state.ends.delete(id)
  }
  for (const run of state.data.runs) {
    if (state.ends.has(run.id)) continue
    state.ends.set(run.id, live("/runs/{run_id}/samples", { run_id: run.id }, () => (TERMINAL.has(run.state) ? 0 : 5000), ({ data, error }) => {
      if (!data && !error) return
      state.samples.set(run.id, data ?? NO_SAMPLES)
      layOutSamples(state)
    }))
  }
  layOutSamples(state)
}

const epochWord = (/** @type {number} */ epoch) => String(Number(epoch.toFixed(3)))

/** Epochs for which all of these runs have samples, sorted.
 * @param {RunSamples[]} samples
 */
function commonEpochs(samples) {
  const sets = samples.map(({ epochs }) => new Set(epochs.filter(isNumber).map(epochWord)))
  return sets.length ? [...sets[0]].filter((epoch) => sets.every((set) => set.has(epoch))).map(Number).sort((a, b) => a - b) : []
}

/** @param {State} state */
function layOutSamples(state, resized = false) {
  const runs = state.data.runs.filter((run) => state.samples.get(run.id)?.steps.length)
  if (runs.length < state.data.runs.length && state.data.runs.some((run) => !state.samples.has(run.id))) return
  const epochs = commonEpochs(runs.map((run) => samplesOf(state, run)))
  const followed = state.epoch === null || state.epoch === state.epochs.at(-1)
  state.epochs = epochs
  if (followed || state.epoch === null || !epochs.includes(state.epoch)) state.epoch = epochs.at(-1) ?? null
  const { shared, others } = sharedGalaxies(state, runs)
  const columns = Math.max(Math.min(Math.floor((state.root.clientWidth - labelWidth(state)) / 84), shared.length), 2)
  const drawn = JSON.stringify([runs, epochs, shared, columns, state.masked])
  if (resized && drawn === state.drawn) return
  state.drawn = drawn
  state.bar.hidden = !epochs.length
  state.slider.max = String(Math.max(epochs.length - 1, 0))
  state.note.textContent = sampleWords(state, runs, epochs, others)
  const seen = shared.slice(0, columns)
  state.tiles = []
  const compared = runs.filter((run) => !others.includes(run))
  state.board.replaceChildren(...(epochs.length && seen.length ? sampleTable(state, compared, seen) : []))
  paintSamples(state)
}

/** @param {State} state */
const labelWidth = (state) => (state.root.clientWidth < 640 ? 0 : 168)

/** Rows reconstructed by all runs with the dataset of the first; runs without common rows are `others`.
 * @param {State} state
 * @param {ComparedRun[]} runs
 * @returns {{ shared: number[], others: ComparedRun[] }}
 */
function sharedGalaxies(state, runs) {
  const [first] = runs
  if (!first) return { shared: [], others: [] }
  let shared = samplesOf(state, first).galaxies
  /** @type {ComparedRun[]} */
  const others = []
  for (const run of runs) {
    const both = run.dataset === first.dataset ? shared.filter((row) => samplesOf(state, run).galaxies.includes(row)) : []
    if (both.length) shared = both
    else others.push(run)
  }
  return { shared, others }
}

/** @param {State} state @param {ComparedRun[]} runs @param {number[]} epochs @param {ComparedRun[]} others */
function sampleWords(state, runs, epochs, others) {
  const none = state.data.runs.filter((run) => !runs.includes(run))
  const words = []
  if (none.length) words.push(`No reconstructions yet: ${none.map((run) => run.title).join(", ")}.`)
  if (runs.length && !epochs.length) words.push("These runs have no evaluation epoch in common.")
  if (others.length) words.push(`Skipped (other galaxies): ${others.map((run) => `${run.title} (${run.dataset})`).join(", ")}.`)
  const counts = new Set(runs.filter((run) => !others.includes(run)).map((run) => samplesOf(state, run).galaxies.join()))
  if (counts.size > 1) words.push("Only galaxies reconstructed by all of these runs are shown.")
  return words.join(" ")
}

/** @param {State} state @param {ComparedRun[]} runs @param {number[]} galaxies */
function sampleTable(state, runs, galaxies) {
  /** @type {[run: ComparedRun, part: Part, words: string][]} */
  const rows = [[runs[0], 0, "Original"]]
  for (const run of runs) {
    if (state.masked) rows.push([run, 1, `${run.title}, input`])
    rows.push([run, 2, run.title])
  }
  return rows.map(([run, part, words]) => el("div", { class: "line" },
    el("span", { class: "name" }, part ? el("i", { class: "swatch", style: `border-top: 2px ${run.style.dash ? "dashed" : "solid"} ${state.tint.series[run.style.colour]}` }) : null, words),
    el("div", { class: "tiles", style: `grid-template-columns: repeat(${galaxies.length}, minmax(0, ${EDGE}px))` }, galaxies.map((galaxy) => sampleTile(state, run, part, words, galaxy)))))
}

/** @param {State} state @param {ComparedRun} run @param {Part} part @param {string} words @param {number} galaxy */
function sampleTile(state, run, part, words, galaxy) {
  const { tile_px: side, galaxies } = samplesOf(state, run)
  const canvas = el("canvas", { width: side, height: side, role: "img", "aria-label": `Galaxy ${galaxy}, ${words}`, title: `Galaxy ${galaxy}` })
  state.tiles.push({ canvas, run, part, column: galaxies.indexOf(galaxy), side })
  return canvas
}

/** @param {State} state */
function paintSamples(state) {
  if (state.epoch === null) return
  const { epoch } = state
  const at = state.epochs.indexOf(epoch)
  state.slider.value = String(at)
  state.caption.textContent = `epoch ${epochWord(epoch)} · ${at + 1} of ${state.epochs.length}`
  for (const run of new Set(state.tiles.map((tile) => tile.run))) {
    spriteOf(state, run, epoch).then((image) => { if (image && state.epoch === epoch) paintRun(state, run, image, epoch) })
    for (const near of [at - 1, at + 1]) if (near in state.epochs) spriteOf(state, run, state.epochs[near])
  }
}

/** The sprite of a run at an epoch. @param {State} state @param {ComparedRun} run @param {number} epoch */
function spriteOf(state, run, epoch) {
  const { steps, epochs } = samplesOf(state, run)
  const step = steps[epochs.findIndex((one) => isNumber(one) && epochWord(one) === epochWord(epoch))]
  return state.sprites("/runs/{run_id}/samples/{step}.png", { run_id: run.id, step })
}

/** @param {State} state @param {ComparedRun} run @param {HTMLImageElement} image @param {number} epoch */
function paintRun(state, run, image, epoch) {
  for (const { canvas, part, column, side } of state.tiles.filter((tile) => tile.run === run)) {
    paintTile(canvas, image, column, part, side)
    canvas.dataset.epoch = epochWord(epoch)
  }
}
