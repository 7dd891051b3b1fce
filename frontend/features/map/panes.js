// One map, or two side by side: each with its own points and zoom, with common colours, selection and hovered galaxy.

import { API, Refused } from "../../ui/kit/api.js"
import { el, renew } from "../../ui/kit/dom.js"
import { grouped } from "../../ui/kit/format.js"
import { wantFrame } from "./draw.js"
import { homeView, makeField, readView, writeView } from "./field.js"
import { BY_WORDS, complain, queryOf, recolour, reportView } from "./galaxy_map.js"
import { select } from "./panel.js"
import { followPointer, zoomBy } from "./pointer.js"
import { moveTo, queryNow, stepNow } from "./steps.js"

const VIEW_NAMES = ["view", "view2"]

/** Creates or removes panes to match the number of maps. */
export function matchPanes(state) {
  const { data, panes } = state
  const count = data.beside ? 2 : 1
  while (panes.length < count) {
    panes.push(buildPane(state, panes.length))
    state.frames.append(panes.at(-1).node)
  }
  while (panes.length > count) panes.pop().node.remove()
  state.root.classList.toggle("two", count === 2)
  for (const pane of panes) {
    pane.source = panes.indexOf(pane) ? data.beside : data
    state.resize.observe(pane.frameBox)
  }
}

function buildPane(map, place) {
  const pane = { map, viewName: VIEW_NAMES[place], view: null, title: el("h3") }
  pane.canvas = el("canvas", { tabindex: 0, role: "img" })
  pane.tip = el("div", { class: "tip", hidden: true })
  const tools = el("div", { class: "tools" }, [
    ["+", "Zoom in (+)", () => zoomBy(pane, 1.5)], ["−", "Zoom out (−)", () => zoomBy(pane, 1 / 1.5)], ["⤢", "Whole map (0)", () => setView(pane, pane.home)],
  ].map(([sign, title, act]) => el("button", { title, "aria-label": title, onClick: () => { if (pane.field) act() } }, sign)))
  pane.frameBox = el("div", { class: "frame" }, pane.canvas, tools, pane.tip)
  pane.node = el("section", { class: "pane" }, pane.title, pane.frameBox)
  followPointer(pane)
  return pane
}

export const wantFrames = ({ panes }) => panes.forEach(wantFrame)

export function followPane(pane) {
  renew(pane.title, el("b", {}, pane.source.title), el("span", { class: "gx-soft" }, `step ${grouped(stepNow(pane))} · ${pane.source.note}`))
  const key = JSON.stringify(queryNow(pane))
  if (key === pane.key) return
  pane.key = key
  loadPoints(pane, key)
}

async function loadPoints(pane, key) {
  try {
    const answer = await fetch(`${API}/maps/points?${queryOf(queryNow(pane))}`, { credentials: "same-origin" })
    if (!answer.ok) throw new Refused((await answer.json().catch(() => null))?.detail ?? `The server returned ${answer.status}.`)
    const flat = new Float32Array(await answer.arrayBuffer())
    if (key === pane.key) takePoints(pane, flat)
  } catch (problem) {
    if (key !== pane.key) return
    pane.key = null
    complain(pane.map, problem)
  }
}

function takePoints(pane, flat) {
  const { map, source: { query } } = pane
  const same = pane.of === query.dataset && pane.field?.n === flat.length / 2
  const moves = same && pane.base === baseOf(pane)
  Object.assign(pane, { of: query.dataset, base: baseOf(pane) })
  complain(map, null)
  if (moves) return moveTo(pane, flat)
  Object.assign(pane, { flat, field: makeField(flat), moving: null, shownFlat: null, home: null })
  if (!same && pane === map.panes[0]) {
    select(map, null)
    map.hidden.clear()
  }
  resized(pane)
  recolour(map)
}

/** Maps with the same base are aligned to each other. */
const baseOf = ({ source }) => JSON.stringify(source.query)

export function resized(pane) {
  const { map, frameBox } = pane, width = frameBox.clientWidth
  if (!width) return
  const height = Math.round(Math.min(Math.max(width * (map.data.beside ? 0.9 : 0.72), 320), Math.max(window.innerHeight - (map.data.steps.length > 1 ? 330 : 290), 320)))
  pane.size = { width, height }
  pane.canvas.style.height = `${height}px`
  if (!pane.field) return
  const first = !pane.home
  pane.home = homeView(pane.field, pane.size)
  if (first) pane.view = readView(map.settings[pane.viewName]) ?? pane.home
  wantFrame(pane)
}

export function describe({ map, canvas, field, source }) {
  if (!field) return
  canvas.setAttribute("aria-label", `Map of ${grouped(field.n)} galaxies by ${source.title}, coloured by ${BY_WORDS[map.column?.by] ?? "nothing yet"}. `
    + "Arrow keys move the map, plus and minus zoom, 0 shows the whole map, Escape clears the selection.")
}

export function setView(pane, view) {
  const { map, viewName } = pane
  pane.view = view
  const home = writeView(view) === writeView(pane.home)
  map.settings[viewName] = home ? null : writeView(view)
  wantFrame(pane)
  reportView(map)
}
