// The collections of a dataset, edited in place; a removed collection can be restored.

import { collectProblem } from "../../../ui/galaxies/collecting.js"
import { address, fetchFile, get, Refused, send } from "../../../ui/kit/api.js"
import { makeStore } from "../../../ui/kit/component.js"
import { el, find, renew, takeText } from "../../../ui/kit/dom.js"
import { ago, clockTime, grouped } from "../../../ui/kit/format.js"
import { problemWords } from "../../../ui/kit/problems.js"

/** @import { Collection, PictureSource } from "../../../api/contract.d.ts" */
/** @typedef {ReturnType<typeof build>} State */

const COLLECTION = "/datasets/{name}/collections/{collection}"
/** @type {ReturnType<typeof makeStore<State>>} */
const collectionLists = makeStore()

/** @param {import("../../../ui/kit/mount.d.ts").Mounting<PictureSource>} mounting */
export default function ({ data, parentElement }) {
  const state = collectionLists(parentElement, () => build(find(parentElement, ".gx-collection_list"), data))
  const key = `${data.dataset} ${data.version}`
  state.of = data
  if (key === state.key) return
  state.key = key
  state.message.replaceChildren()
  loadCollections(state)
}

/** @param {HTMLElement} root @param {PictureSource} of */
function build(root, of) {
  return { root, of, key: "", found: /** @type {Collection[]} */ ([]), message: el("p", { role: "status" }),
    last: /** @type {Promise<void>} */ (Promise.resolve()) }
}

/** @param {State} state @param {Collection} one */
const named = (state, one) => ({ name: state.of.dataset, collection: one.name })

/** @param {State} state */
async function loadCollections(state) {
  const { key } = state
  try {
    const found = await get("/datasets/{name}/collections", { name: state.of.dataset })
    if (key !== state.key) return
    state.found = found
    showCollections(state)
  } catch (problem) {
    state.root.replaceChildren(el("p", {}, collectProblem(problem)), el("button", { onClick: () => loadCollections(state) }, "Try again"))
  }
}

/** @param {State} state */
function showCollections(state) {
  const words = state.found.length ? "Collections are tied to these galaxies, not to the name of the dataset. A CSV file can also serve as a split table for a new dataset."
    : "None yet. Use “Add to collection…” on the Search page or in a lasso selection on the Map."
  renew(state.root, el("p", { class: "gx-soft" }, words), state.message, el("ul", {}, state.found.map((one) => collectionItem(state, one))))
}

/** @param {State} state @param {Collection} one */
function collectionItem(state, one) {
  const file = (/** @type {string} */ word) =>
    el("a", { class: "file", href: address(`${COLLECTION}.{file_format}`, { ...named(state, one), file_format: word.toLowerCase() }), download: true }, word)
  const written = (/** @type {"name" | "note"} */ key, /** @type {string} */ words, /** @type {number} */ most) => {
    const input = el("input", { class: key, maxlength: most, "data-item": key, "aria-label": `${words} of ${one.name}`, placeholder: words, value: one[key] })
    input.onchange = () => changeCollection(state, one, key, input)
    return input
  }
  return el("li", { "data-item": one.created_at, "data-name": one.name }, el("div", {}, written("name", "Name", 80), written("note", "Note", 2000),
    el("p", { class: "gx-soft", title: clockTime(one.updated_at) }, `${grouped(one.n)} ${one.n === 1 ? "galaxy" : "galaxies"}, changed ${ago(one.updated_at)}`)),
  el("div", { class: "acts" }, el("a", { class: "file", href: `/data?${new URLSearchParams({ dataset: state.of.dataset, collection: one.name })}` }, "Show"),
    file("CSV"), file("Parquet"), el("button", { onClick: () => removeCollection(state, one) }, "Remove")))
}

/** @param {State} state @param {Collection} one @param {"name" | "note"} key @param {HTMLInputElement} input */
function changeCollection(state, one, key, input) {
  const typed = input.value
  return attempt(state, async () => {
    Object.assign(one, await send("patch", COLLECTION, named(state, one), { [key]: typed, remove: [] }))
    takeText(input, typed)
    return []
  })
}

/** Removes a collection, keeping its rows in memory so that it can be restored until the page is left.
 * @param {State} state
 * @param {Collection} one
 */
function removeCollection(state, one) {
  return attempt(state, async () => {
    const rows = await rowsOf(state, one)
    if (!rows.every(Number.isInteger) || rows.length < one.n) throw new Refused(`${one.name} was not removed: its galaxies could not be read to allow restoring it`)
    await send("delete", COLLECTION, named(state, one))
    state.found = state.found.filter((other) => other !== one)
    return [`${one.name} removed. `, el("button", { onClick: () => restoreCollection(state, one, rows) }, "Undo")]
  })
}

/** @param {State} state @param {Collection} one @param {number[]} rows */
function restoreCollection(state, one, rows) {
  return attempt(state, async () => {
    await send("post", COLLECTION, named(state, one), { rows })
    state.found = [await send("patch", COLLECTION, named(state, one), { note: one.note, remove: [] }), ...state.found]
    return [`${one.name} restored.`]
  })
}

/** The rows of a collection, none if the server refuses: the second column of its CSV file, where the first two are numeric.
 * @param {State} state
 * @param {Collection} one
 */
async function rowsOf(state, one) {
  try {
    const file = await fetchFile(address(`${COLLECTION}.{file_format}`, { ...named(state, one), file_format: "csv" }))
    return (await file.text()).trim().split("\n").slice(1).map((line) => Number.parseInt(line.split(",")[1], 10))
  } catch (problem) {
    if (problem instanceof Refused) return []
    throw problem
  }
}

/** Runs an action after those before it, so that a collection is removed under the name it was just given.
 * @param {State} state
 * @param {() => Promise<(Node | string)[]>} act
 */
function attempt(state, act) {
  state.last = state.last.catch(() => {}).then(() => run(state, act))
  return state.last
}

/** Runs an action and shows its message, or its error and keeps what was typed.
 * @param {State} state
 * @param {() => Promise<(Node | string)[]>} act
 * @returns {Promise<void>}
 */
async function run(state, act) {
  try {
    state.message.replaceChildren(...await act())
  } catch (problem) {
    const words = problemWords(problem, "The server is not responding; nothing was changed.")
    return state.message.replaceChildren(el("span", { class: "gx-tone-bad", role: "alert" }, words))
  }
  showCollections(state)
}
