// The same galaxies reconstructed by several pretrainings: one row per run, one column per galaxy, a slider over epochs.

import { readColours } from "../../ui/charts/palette.js"
import { API } from "../../ui/kit/api.js"
import { makeStore } from "../../ui/kit/component.js"
import { el } from "../../ui/kit/dom.js"
import { isNumber } from "../../ui/kit/format.js"
import { livePath } from "../../ui/kit/poll.js"
import { runPath, TERMINAL } from "../../ui/kit/run.js"

const sampleRows = makeStore()
const EDGE = 128

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".gx-compare_samples")
  const state = sampleRows(parentElement, () => buildSamples(root))
  state.tint = readColours(root)
  state.data = data
  followSamples(state)
  return () => {
    for (const end of state.ends.values()) end()
    state.ends.clear()
    state.resize.disconnect()
  }
}

function buildSamples(root) {
  const state = { root, ends: new Map(), samples: new Map(), sprites: new Map(), epoch: null, masked: false, columns: 0 }
  state.slider = el("input", { type: "range", min: 0, max: 0, value: 0, step: 1, "aria-label": "Epoch" })
  state.slider.oninput = () => {
    state.epoch = state.epochs[Number(state.slider.value)]
    paintSamples(state)
  }
  state.caption = el("output", {})
  const box = el("input", { type: "checkbox" })
  box.onchange = () => {
    state.masked = box.checked
    layOutSamples(state)
  }
  state.bar = el("div", { class: "bar", hidden: true }, state.slider, state.caption, el("label", { class: "toggle" }, box, "Show masked input"))
  state.note = el("p", { class: "gx-soft message" })
  state.board = el("div", { class: "board" }, el("div", { class: "gx-bone wait" }))
  root.replaceChildren(state.bar, state.note, state.board)
  state.resize = new ResizeObserver(() => layOutSamples(state, true))
  state.resize.observe(root)
  return state
}

/** Fetches finished runs once, active ones every few seconds. */
function followSamples(state) {
  for (const [id, end] of state.ends) if (!state.data.runs.some((run) => run.id === id)) { end(); state.ends.delete(id) }
  for (const run of state.data.runs) {
    if (state.ends.has(run.id)) continue
    state.ends.set(run.id, livePath(`${runPath(run.id)}/samples`, () => (TERMINAL.has(run.state) ? 0 : 5000), ({ data, error }) => {
      if (!data && !error) return
      state.samples.set(run.id, data ?? { steps: [], epochs: [], galaxies: [] })
      layOutSamples(state)
    }))
  }
  layOutSamples(state)
}

const epochWord = (epoch) => String(Number(epoch.toFixed(3)))

/** Epochs for which all of these runs have samples, sorted. */
function commonEpochs(samples) {
  const sets = samples.map(({ epochs }) => new Set(epochs.filter(isNumber).map(epochWord)))
  return sets.length ? [...sets[0]].filter((epoch) => sets.every((set) => set.has(epoch))).map(Number).sort((a, b) => a - b) : []
}

function layOutSamples(state, resized = false) {
  const runs = state.data.runs.filter((run) => state.samples.get(run.id)?.steps.length)
  if (runs.length < state.data.runs.length && state.data.runs.some((run) => !state.samples.has(run.id))) return
  const epochs = commonEpochs(runs.map((run) => state.samples.get(run.id)))
  const followed = state.epoch === null || state.epoch === state.epochs?.at(-1)
  state.epochs = epochs
  if (followed || !epochs.includes(state.epoch)) state.epoch = epochs.at(-1) ?? null
  const { shared, others } = sharedGalaxies(state, runs)
  const columns = Math.max(Math.min(Math.floor((state.root.clientWidth - labelWidth(state)) / 84), shared.length), 2)
  const drawn = JSON.stringify([runs, epochs, shared, columns, state.masked])
  if (resized && drawn === state.drawn) return
  state.drawn = drawn
  state.bar.hidden = !epochs.length
  state.slider.max = Math.max(epochs.length - 1, 0)
  state.note.textContent = sampleWords(state, runs, epochs, others)
  const seen = shared.slice(0, columns)
  state.tiles = []
  const compared = runs.filter((run) => !others.includes(run))
  state.board.replaceChildren(...(epochs.length && seen.length ? sampleTable(state, compared, seen) : []))
  paintSamples(state)
}

const labelWidth = (state) => (state.root.clientWidth < 640 ? 0 : 168)

/** Rows reconstructed by all runs with the dataset of the first; runs without common rows are `others`. */
function sharedGalaxies(state, runs) {
  const [first] = runs
  if (!first) return { shared: [], others: [] }
  const rowsOf = (run) => new Set(state.samples.get(run.id).galaxies)
  let shared = state.samples.get(first.id).galaxies
  const others = []
  for (const run of runs) {
    const both = run.dataset === first.dataset ? shared.filter((row) => rowsOf(run).has(row)) : []
    if (both.length) shared = both
    else others.push(run)
  }
  return { shared, others }
}

function sampleWords(state, runs, epochs, others) {
  const none = state.data.runs.filter((run) => !runs.includes(run))
  const words = []
  if (none.length) words.push(`No reconstructions yet: ${none.map((run) => run.title).join(", ")}.`)
  if (runs.length && !epochs.length) words.push("These runs have no evaluation epoch in common.")
  if (others.length) words.push(`Skipped (other galaxies): ${others.map((run) => `${run.title} (${run.dataset})`).join(", ")}.`)
  const counts = new Set(runs.filter((run) => !others.includes(run)).map((run) => state.samples.get(run.id).galaxies.join()))
  if (counts.size > 1) words.push("Only galaxies reconstructed by all of these runs are shown.")
  return words.join(" ")
}

function sampleTable(state, runs, galaxies) {
  const rows = [[runs[0], 0, "Original"]]
  for (const run of runs) {
    if (state.masked) rows.push([run, 1, `${run.title}, input`])
    rows.push([run, 2, run.title])
  }
  return rows.map(([run, part, words]) => el("div", { class: "line" },
    el("span", { class: "name" }, part ? el("i", { class: "swatch", style: `border-top: 2px ${run.style.dash ? "dashed" : "solid"} ${state.tint.series[run.style.colour]}` }) : null, words),
    el("div", { class: "tiles", style: `grid-template-columns: repeat(${galaxies.length}, minmax(0, ${EDGE}px))` }, galaxies.map((galaxy) => sampleTile(state, run, part, words, galaxy)))))
}

function sampleTile(state, run, part, words, galaxy) {
  const { tile_px: side, galaxies } = state.samples.get(run.id)
  const canvas = el("canvas", { width: side, height: side, role: "img", "aria-label": `Galaxy ${galaxy}, ${words}`, title: `Galaxy ${galaxy}` })
  state.tiles.push({ canvas, run, part, column: galaxies.indexOf(galaxy), side })
  return canvas
}

function paintSamples(state) {
  if (state.epoch === null) return
  const { epoch } = state
  const at = state.epochs.indexOf(epoch)
  state.slider.value = at
  state.caption.textContent = `epoch ${epochWord(epoch)} · ${at + 1} of ${state.epochs.length}`
  for (const run of new Set(state.tiles.map((tile) => tile.run))) {
    spriteOf(state, run, epoch).then((image) => { if (image && state.epoch === epoch) paintRun(state, run, image, epoch) })
    for (const near of [at - 1, at + 1]) if (near in state.epochs) spriteOf(state, run, state.epochs[near])
  }
}

/** The decoded sprite of a run at an epoch; at most 128 are cached. */
function spriteOf(state, run, epoch) {
  const { steps, epochs } = state.samples.get(run.id)
  const step = steps[epochs.findIndex((one) => isNumber(one) && epochWord(one) === epochWord(epoch))]
  const url = `${API}${runPath(run.id)}/samples/${step}.png`
  if (!state.sprites.has(url)) {
    const image = new Image()
    image.src = url
    state.sprites.set(url, image.decode().then(() => image, () => {
      state.sprites.delete(url)
      return null
    }))
    if (state.sprites.size > 128) state.sprites.delete(state.sprites.keys().next().value)
  }
  return state.sprites.get(url)
}

function paintRun(state, run, image, epoch) {
  for (const { canvas, part, column, side } of state.tiles.filter((tile) => tile.run === run)) {
    canvas.getContext("2d").drawImage(image, column * side, part * side, side, side, 0, 0, side, side)
    canvas.style.imageRendering = canvas.clientWidth * devicePixelRatio > 2 * side ? "pixelated" : "auto"
    canvas.dataset.epoch = epochWord(epoch)
  }
}
