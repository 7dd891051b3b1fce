// Browses the readable folders of the server and chooses a folder or file.

import { ask, Refused } from "../../../ui/kit/api.js"
import { makeStore } from "../../../ui/kit/component.js"
import { el, svgShape } from "../../../ui/kit/dom.js"
import { bytes, isNumber, sentence } from "../../../ui/kit/format.js"

const choosers = makeStore()
const FILTER_FROM = 13

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".gx-folder_chooser")
  const state = choosers(parentElement, () => build(root))
  state.choose = (path) => setTriggerValue("choose", path)
  if (state.started) return
  state.started = true
  enter(state, null)
}

function build(root) {
  const state = { requests: 0 }
  state.roots = el("div", { class: "roots", hidden: true })
  state.crumbs = el("nav", { class: "crumbs", "aria-label": "Folder" })
  state.filter = el("input", { type: "search", placeholder: "Filter", "aria-label": "Filter the list", hidden: true })
  state.filter.oninput = () => drawRows(state)
  state.problem = el("p", { class: "gx-tone-bad problem", role: "alert", hidden: true })
  state.list = el("div", { class: "list", role: "group", "aria-label": "Folders and files" },
    [0, 1, 2, 3].map(() => el("div", { class: "gx-bone" })))
  state.list.onkeydown = (event) => moveRow(state, event)
  state.note = el("span", { class: "gx-soft" })
  state.take = el("button", { class: "gx-main", disabled: true }, "Choose this folder")
  state.take.onclick = () => state.choose(state.listing.path)
  root.replaceChildren(state.roots, el("div", { class: "bar" }, state.crumbs, state.filter), state.problem, state.list,
    el("div", { class: "foot" }, state.take, state.note))
  return state
}

/** Opens a folder; on an error it is shown and the list stays. */
async function enter(state, path) {
  const request = ++state.requests, filtered = state.filter.value
  state.list.classList.add("waiting")
  try {
    const listing = await ask(`/folders${path === null ? "" : `?path=${encodeURIComponent(path)}`}`)
    if (request !== state.requests) return
    state.listing = listing
    say(state, "")
    if (state.filter.value === filtered) state.filter.value = ""
    drawListing(state)
  } catch (problem) {
    if (request === state.requests) say(state, problem instanceof Refused ? sentence(problem.message) : "The server is not responding; try again in a moment.")
  } finally {
    state.list.classList.remove("waiting")
  }
}

function say(state, words) {
  state.problem.textContent = words
  state.problem.hidden = !words
  if (words && !state.listing) state.list.replaceChildren()
}

function drawListing(state) {
  const { listing } = state
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

/** The path as buttons, starting at its root. */
function crumbsOf(state, listing) {
  const root = listing.roots.filter((path) => listing.path === path || listing.path.startsWith(path.replace(/\/?$/, "/")))
    .sort((a, b) => b.length - a.length)[0] ?? listing.path
  const below = listing.path.slice(root.length).split("/").filter(Boolean)
  const steps = [[root, root], ...below.map((name, i) => [name, `${root.replace(/\/$/, "")}/${below.slice(0, i + 1).join("/")}`])]
  return steps.flatMap(([name, path], i) => [
    i ? el("span", { class: "gx-soft", "aria-hidden": "true" }, "/") : null,
    i === steps.length - 1 ? el("b", {}, name) : el("button", { onClick: () => enter(state, path) }, name),
  ]).filter(Boolean)
}

const FOLDER = ["ring", "M1.5 4h5l1.5 2h6.5v7h-13z"]
const FILE = ["ring", "M4 1.5h5.5L12.5 4.5v10h-8.5z"]

function drawRows(state) {
  const word = state.filter.value.trim().toLowerCase()
  const shown = state.listing.entries.filter((entry) => entry.name.toLowerCase().includes(word))
  const up = state.listing.parent && !word ? [rowOf(state, { name: "..", path: state.listing.parent, is_dir: true, hint: "parent folder" })] : []
  const rows = [...up, ...shown.map((entry) => rowOf(state, entry))]
  rows.forEach((row, i) => { row.tabIndex = i ? -1 : 0 })
  const none = word ? `No names contain “${state.filter.value.trim()}”.` : "Nothing to import in this folder."
  state.list.replaceChildren(...rows, ...(shown.length ? [] : [el("p", { class: "gx-soft none" }, none)]))
}

function rowOf(state, entry) {
  const row = el("button", { class: "row", title: entry.path, "data-path": entry.path }, svgShape(...(entry.is_dir ? FOLDER : FILE)),
    el("span", { class: "name" }, entry.name), el("span", { class: "gx-soft hint" }, entry.hint),
    el("span", { class: "gx-soft size" }, isNumber(entry.size_bytes) && !entry.is_dir ? bytes(entry.size_bytes) : ""))
  row.onclick = () => (entry.is_dir ? enter(state, entry.path) : state.choose(entry.path))
  return row
}

function moveRow(state, event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
  if (event.key === "Backspace" && state.listing?.parent) return void enter(state, state.listing.parent)
  if (!step) return
  const rows = [...state.list.querySelectorAll(".row")]
  const to = rows[rows.indexOf(event.target.closest(".row")) + step]
  event.preventDefault()
  if (!to) return
  rows.forEach((row) => { row.tabIndex = row === to ? 0 : -1 })
  to.focus()
}
