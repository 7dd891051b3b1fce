// Browses the readable folders of the server and chooses a folder or file.

import { get } from "../../../ui/kit/api.js"
import { makeStore } from "../../../ui/kit/component.js"
import { el, exists, find, svgShape } from "../../../ui/kit/dom.js"
import { bytes, isNumber } from "../../../ui/kit/format.js"
import { problemWords } from "../../../ui/kit/problems.js"

/** @import { FolderEntry, FolderListing } from "../../../api/contract.d.ts" */
/** @typedef {ReturnType<typeof build>} State */

/** @type {ReturnType<typeof makeStore<State>>} */
const choosers = makeStore()
const FILTER_FROM = 13

/** @param {import("../../../ui/kit/mount.d.ts").Mounting<null>} mounting */
export default function ({ parentElement, setTriggerValue }) {
  const state = choosers(parentElement, () => build(find(parentElement, ".gx-folder_chooser")))
  state.choose = (path) => setTriggerValue("choose", path)
  if (state.started) return
  state.started = true
  enter(state, null)
}

/** @param {HTMLElement} root */
function build(root) {
  const state = {
    requests: 0, started: false, listing: /** @type {FolderListing | null} */ (null), choose: /** @type {(path: string) => void} */ (() => {}),
    roots: el("div", { class: "roots", hidden: true }),
    crumbs: el("nav", { class: "crumbs", "aria-label": "Folder" }),
    filter: el("input", { type: "search", placeholder: "Filter", "aria-label": "Filter the list", hidden: true }),
    problem: el("p", { class: "gx-tone-bad problem", role: "alert", hidden: true }),
    list: el("div", { class: "list", role: "group", "aria-label": "Folders and files" }, [0, 1, 2, 3].map(() => el("div", { class: "gx-bone" }))),
    note: el("span", { class: "gx-soft" }),
    take: el("button", { class: "gx-main", disabled: true }, "Choose this folder"),
  }
  state.filter.oninput = () => drawRows(state)
  state.list.onkeydown = (event) => moveRow(state, event)
  state.take.onclick = () => { if (state.listing) state.choose(state.listing.path) }
  root.replaceChildren(state.roots, el("div", { class: "bar" }, state.crumbs, state.filter), state.problem, state.list,
    el("div", { class: "foot" }, state.take, state.note))
  return state
}

/** Opens a folder; on an error it is shown and the list stays.
 * @param {State} state
 * @param {string | null} path
 */
async function enter(state, path) {
  const request = ++state.requests, filtered = state.filter.value
  state.list.classList.add("waiting")
  try {
    const listing = await get("/folders", { path })
    if (request !== state.requests) return
    state.listing = listing
    say(state, "")
    if (state.filter.value === filtered) state.filter.value = ""
    drawListing(state, listing)
  } catch (problem) {
    if (request === state.requests) say(state, problemWords(problem, "The server is not responding; try again in a moment."))
  } finally {
    state.list.classList.remove("waiting")
  }
}

/** @param {State} state @param {string} words */
function say(state, words) {
  state.problem.textContent = words
  state.problem.hidden = !words
  if (words && !state.listing) state.list.replaceChildren()
}

/** @param {State} state @param {FolderListing} listing */
function drawListing(state, listing) {
  state.filter.hidden = listing.entries.length < FILTER_FROM
  state.roots.hidden = listing.roots.length < 2
  state.roots.replaceChildren(...listing.roots.map((path) => {
    const inside = listing.path === path || listing.path.startsWith(`${path}/`)
    return el("button", { "aria-pressed": String(inside), onClick: () => enter(state, path) }, path)
  }))
  state.crumbs.replaceChildren(...crumbsOf(state, listing))
  state.take.disabled = false
  state.note.textContent = listing.truncated ? `Only the first ${listing.entries.length} entries are listed; you can also type a path.` : ""
  drawRows(state)
  state.list.scrollTop = 0
}

/** The path as buttons, starting at its root.
 * @param {State} state
 * @param {FolderListing} listing
 */
function crumbsOf(state, listing) {
  const root = listing.roots.filter((path) => listing.path === path || listing.path.startsWith(path.replace(/\/?$/, "/")))
    .sort((a, b) => b.length - a.length)[0] ?? listing.path
  const below = listing.path.slice(root.length).split("/").filter(Boolean)
  const steps = [[root, root], ...below.map((name, i) => [name, `${root.replace(/\/$/, "")}/${below.slice(0, i + 1).join("/")}`])]
  return steps.flatMap(([name, path], i) => [
    i ? el("span", { class: "gx-soft", "aria-hidden": "true" }, "/") : null,
    i === steps.length - 1 ? el("b", {}, name) : el("button", { onClick: () => enter(state, path) }, name),
  ]).filter(exists)
}

const FOLDER = "M1.5 4h5l1.5 2h6.5v7h-13z"
const FILE = "M4 1.5h5.5L12.5 4.5v10h-8.5z"

/** @param {State} state */
function drawRows(state) {
  if (!state.listing) return
  const word = state.filter.value.trim().toLowerCase()
  const shown = state.listing.entries.filter((entry) => entry.name.toLowerCase().includes(word))
  const { parent } = state.listing
  const up = parent && !word ? [rowOf(state, { name: "..", path: parent, is_dir: true, size_bytes: null, hint: "parent folder" })] : []
  const rows = [...up, ...shown.map((entry) => rowOf(state, entry))]
  rows.forEach((row, i) => { row.tabIndex = i ? -1 : 0 })
  const none = word ? `No names contain “${state.filter.value.trim()}”.` : "Nothing to import in this folder."
  state.list.replaceChildren(...rows, ...(shown.length ? [] : [el("p", { class: "gx-soft none" }, none)]))
}

/** @param {State} state @param {FolderEntry} entry */
function rowOf(state, entry) {
  const act = () => (entry.is_dir ? enter(state, entry.path) : state.choose(entry.path))
  return el("button", { class: "row", title: entry.path, "data-path": entry.path, onClick: act }, svgShape("ring", entry.is_dir ? FOLDER : FILE),
    el("span", { class: "name" }, entry.name), el("span", { class: "gx-soft hint" }, entry.hint),
    el("span", { class: "gx-soft size" }, isNumber(entry.size_bytes) && !entry.is_dir ? bytes(entry.size_bytes) : ""))
}

/** @param {State} state @param {KeyboardEvent} event */
function moveRow(state, event) {
  const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0
  if (event.key === "Backspace" && state.listing?.parent) return void enter(state, state.listing.parent)
  if (!step) return
  const rows = /** @type {HTMLElement[]} */ ([...state.list.querySelectorAll(".row")])
  const to = rows[rows.findIndex((row) => row.contains(/** @type {Node} */ (event.target))) + step]
  event.preventDefault()
  if (!to) return
  rows.forEach((row) => { row.tabIndex = row === to ? 0 : -1 })
  to.focus()
}
