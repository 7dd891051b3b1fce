// The collections of a dataset, edited in place; a removed collection can be restored.

import { collectionPath, collectionsPath, collectProblem } from "../../../ui/galaxies/collecting.js"
import { API, ask, Refused } from "../../../ui/kit/api.js"
import { makeStore } from "../../../ui/kit/component.js"
import { el, renew, takeText } from "../../../ui/kit/dom.js"
import { ago, clockTime, grouped, sentence } from "../../../ui/kit/format.js"

const collectionLists = makeStore()

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".gx-collection_list")
  const state = collectionLists(parentElement, () => ({ root, message: [] }))
  const key = `${data.dataset} ${data.version}`
  state.of = data
  if (key === state.key) return
  Object.assign(state, { key, message: [] })
  loadCollections(state)
}

async function loadCollections(state) {
  const { key } = state
  try {
    const found = await ask(collectionsPath(state.of.dataset))
    if (key !== state.key) return
    state.found = found
    showCollections(state)
  } catch (problem) {
    state.root.replaceChildren(el("p", {}, collectProblem(problem)), el("button", { onClick: () => loadCollections(state) }, "Try again"))
  }
}

function showCollections(state) {
  const n = state.found.length
  const words = n ? "Collections are tied to these galaxies, not to the name of the dataset. A CSV file can also serve as a split table for a new dataset."
    : "None yet. Use “Add to collection…” on the Search page or in a lasso selection on the Map."
  showMessage(state, state.message)
  renew(state.root, el("p", { class: "gx-soft" }, words), state.messageLine, el("ul", {}, state.found.map((one) => collectionItem(state, one))))
}

function showMessage(state, words) {
  state.messageLine ??= el("p", { role: "status" })
  state.messageLine.replaceChildren(...words)
}

function collectionItem(state, one) {
  const { dataset } = state.of
  const path = API + collectionPath(dataset, one.name)
  const file = (word) => el("a", { class: "file", href: `${path}.${word.toLowerCase()}`, download: true }, word)
  const written = (key, words, most) => {
    const input = el("input", { class: key, maxlength: most, "data-item": key, "aria-label": `${words} of ${one.name}`, placeholder: words, value: one[key] })
    input.onchange = () => changeCollection(state, one, key, input)
    return input
  }
  return el("li", { "data-item": one.created_at, "data-name": one.name }, el("div", {}, written("name", "Name", 80), written("note", "Note", 2000),
    el("p", { class: "gx-soft", title: clockTime(one.updated_at) }, `${grouped(one.n)} ${one.n === 1 ? "galaxy" : "galaxies"}, changed ${ago(one.updated_at)}`)),
  el("div", { class: "acts" }, el("a", { class: "file", href: `/data?${new URLSearchParams({ dataset, collection: one.name })}` }, "Show"),
    file("CSV"), file("Parquet"), el("button", { onClick: () => removeCollection(state, one) }, "Remove")))
}

async function changeCollection(state, one, key, input) {
  const typed = input.value
  await attempt(state, async () => {
    Object.assign(one, await sendCollection(state, one.name, "PATCH", { [key]: typed }))
    takeText(input, typed)
    state.message = []
  })
}

/** Removes a collection, keeping its rows in memory so that it can be restored until the page is left. */
async function removeCollection(state, one) {
  await attempt(state, async () => {
    const answer = await fetch(`${API}${collectionPath(state.of.dataset, one.name)}.csv`)
    const rows = answer.ok ? rowsOfTable(await answer.text()) : []
    if (!rows.every(Number.isInteger) || rows.length < one.n) throw new Refused(`${one.name} was not removed: its galaxies could not be read to allow restoring it`)
    await ask(collectionPath(state.of.dataset, one.name), { method: "DELETE" })
    state.found = state.found.filter((other) => other !== one)
    state.message = [`${one.name} removed. `, el("button", { onClick: () => restoreCollection(state, one, rows) }, "Undo")]
  })
}

async function restoreCollection(state, one, rows) {
  await attempt(state, async () => {
    await sendCollection(state, one.name, "POST", { rows })
    const again = await sendCollection(state, one.name, "PATCH", { note: one.note })
    state.found = [again, ...state.found]
    state.message = [`${one.name} restored.`]
  })
}

/** The column `row` of a CSV text whose first two columns are numeric. */
function rowsOfTable(table) {
  return table.trim().split("\n").slice(1).map((line) => Number.parseInt(line.split(",")[1], 10))
}

function sendCollection(state, name, method, body) {
  return ask(collectionPath(state.of.dataset, name), { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) })
}

/** Runs an action, or shows its error and keeps what was typed. */
async function attempt(state, act) {
  try {
    await act()
  } catch (problem) {
    return showMessage(state, [el("span", { class: "gx-tone-bad", role: "alert" }, problem instanceof Refused ? sentence(problem.message) : "The server is not responding; nothing was changed.")])
  }
  showCollections(state)
}
