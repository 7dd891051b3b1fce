// Choosing a galaxy: by row, previous and next, random, or an uploaded image.

import { fetchGalaxy, fetchRandom } from "../../ui/galaxies/fetching.js"
import { fillSelect, ticketOf, uploadPicture } from "../../ui/galaxies/picking.js"
import { get } from "../../ui/kit/api.js"
import { el, putText, takeText } from "../../ui/kit/dom.js"
import { clamp, grouped } from "../../ui/kit/format.js"
import { refreshScene, reportSoon } from "./mask_scrubber.js"
import { refuse, wantExact } from "./net.js"
import { redrawSeed, showControls } from "./words.js"

/** @import { State, View } from "./state.d.ts" */

/** @param {State} state */
export function buildPick(state) {
  state.dataset = el("select", { "aria-label": "Dataset" })
  state.dataset.onchange = () => setGalaxy(state, { dataset: state.dataset.value, row: 0, upload: null, label: null })
  state.label = el("select", { "aria-label": "Class" })
  state.label.onchange = () => { state.view.label = state.label.value || null; randomGalaxy(state) }
  state.rowField = el("input", { type: "number", min: 0, "aria-label": "Row", class: "number" })
  state.rowField.onchange = () => { takeText(state.rowField); setRow(state, Number(state.rowField.value)) }
  state.ofRows = el("span", { class: "gx-soft" })
  state.file = el("input", { type: "file", accept: "image/*", hidden: true, tabindex: -1, "aria-label": "Image file" })
  state.file.onchange = () => { sendPicture(state, state.file.files?.[0] ?? null); state.file.value = "" }
  state.galaxyNote = state.panels.original.note
  state.similar = el("a", { class: "onward", title: "Similar galaxies according to this run" }, "Similar")
  return el("div", { class: "group pick" },
    state.dataset, state.label,
    el("div", { class: "group walk" },
      el("button", { class: "narrow", title: "Previous galaxy (←)", "aria-label": "Previous galaxy", onClick: () => stepGalaxy(state, -1) }, "‹"),
      state.rowField, state.ofRows,
      el("button", { class: "narrow", title: "Next galaxy (→)", "aria-label": "Next galaxy", onClick: () => stepGalaxy(state, 1) }, "›")),
    el("button", { title: "A random galaxy, of the selected class if there is one (r)", onClick: () => randomGalaxy(state) }, "Random"),
    el("button", { title: "Upload an image; you can also paste or drop it here", onClick: () => state.file.click() }, "Image…"),
    state.similar, state.file)
}

/** The current dataset: the selected one, else that of the run, else (for an imported model) the first. @param {State} state */
export function datasetName(state) {
  const own = state.data.runs.find((run) => run.id === state.view.run)?.dataset
  return state.view.dataset ?? own ?? state.data.datasets[0]?.name ?? null
}

/** @param {State} state */
function datasetNow(state) {
  return state.data.datasets.find(({ name }) => name === datasetName(state)) ?? null
}

/** @param {State} state */
export function showPick(state) {
  const { datasets } = state.data
  const now = datasetNow(state)
  const { row, upload, label } = state.view
  fillSelect(state.dataset, datasets.map(({ name }) => [name, name]), now?.name ?? "")
  state.dataset.hidden = datasets.length < 2
  fillSelect(state.label, [["", "any class"], ...(now?.class_names ?? []).map((name) => [name, name])], label ?? "")
  state.label.hidden = !now?.class_names.length
  state.rowField.max = now ? String(now.n - 1) : ""
  putText(state.rowField, upload === null ? row : null)
  state.ofRows.textContent = now ? `of ${grouped(now.n)}` : ""
  const { run, checkpoint } = state.view, galaxy = upload === null ? ["row", String(row ?? "")] : ["upload", upload]
  state.similar.href = `/search?${new URLSearchParams([["run", run], ["checkpoint", checkpoint], ["dataset", now?.name ?? ""], galaxy])}`
  showWho(state)
}

/** @param {State} state */
async function showWho(state) {
  const { row, upload } = state.view
  const now = datasetNow(state)
  const key = JSON.stringify([now?.name, row, upload])
  if (state.galaxyKey === key) return
  state.galaxyKey = key
  if (upload !== null) return void (state.galaxyNote.textContent = "your own image")
  if (!now || row === null) return void (state.galaxyNote.textContent = "")
  try {
    const galaxy = await fetchGalaxy(now.name, row)
    if (state.galaxyKey !== key || !galaxy) return
    const { label, split, source_id: source } = galaxy
    state.galaxyNote.textContent = [label ?? "no label", split, source, now.simulated ? "simulated" : null].filter(Boolean).join(" · ")
  } catch {
    state.galaxyKey = null // the request for the images reports the error
  }
}

/** @param {State} state @param {Partial<View>} change */
function setGalaxy(state, change) {
  state.ticket++ // pending responses no longer count
  Object.assign(state.view, change)
  if (!state.lock.checked) redrawSeed(state)
  refreshScene(state)
  showControls(state)
  wantExact(state, 0)
  reportSoon(state)
}

/** @param {State} state @param {number} row */
function setRow(state, row) {
  const most = (datasetNow(state)?.n ?? 1) - 1
  if (!Number.isInteger(row)) return
  setGalaxy(state, { row: clamp(row, 0, most), upload: null })
}

/** @param {State} state @param {number} change */
export async function stepGalaxy(state, change) {
  const { row, label } = state.view
  if (label === null || row === null) return setRow(state, (row ?? 0) + change)
  state.queueStep(change)
}

/** The previous or next row of the class, by binary search. @param {State} state @param {number} change */
export async function stepInClass(state, change) {
  const now = datasetNow(state)
  const { row, label } = state.view
  if (!now || row === null) return
  const pageAt = (/** @type {number} */ offset) => get("/datasets/{name}/galaxies", { name: now.name, limit: 1, offset, label })
  try {
    let page = await pageAt(0)
    let low = 0, high = page.total // the first offset whose row is not below the one shown
    while (low < high) {
      const middle = (low + high) >> 1
      page = await pageAt(middle)
      if (page.galaxies[0].row < row) low = middle + 1
      else high = middle
    }
    const here = low < page.total ? (await pageAt(low)).galaxies[0].row === row : false
    const wanted = change < 0 ? low - 1 : low + (here ? 1 : 0)
    const found = wanted >= 0 ? (await pageAt(wanted)).galaxies[0] : null
    if (found && state.view.row === row) setRow(state, found.row)
  } catch (problem) {
    refuse(state, state.sides.a, problem)
  }
}

/** @param {State} state */
export async function randomGalaxy(state) {
  const now = datasetNow(state)
  if (!now) return
  const current = ticketOf(state)
  try {
    const galaxy = await fetchRandom(now.name, state.view)
    if (current()) setRow(state, galaxy.row)
  } catch (problem) {
    if (current()) refuse(state, state.sides.a, problem)
  }
}

/** @param {State} state @param {File | null} file */
export async function sendPicture(state, file) {
  if (!file) return
  const current = ticketOf(state)
  try {
    const { id, notes } = await uploadPicture(file)
    if (!current()) return
    state.uploadNotes = notes
    setGalaxy(state, { upload: id, row: null })
  } catch (problem) {
    if (current()) refuse(state, state.sides.a, problem)
  }
}
