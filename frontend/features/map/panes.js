// One map, or two side by side: each with its own points and zoom, with common colours, selection and hovered galaxy.

import { address, fetchFile } from "../../ui/kit/api.js"
import { reportView } from "../../ui/kit/component.js"
import { el, renew } from "../../ui/kit/dom.js"
import { clamp, grouped } from "../../ui/kit/format.js"
import { wantFrame } from "./draw.js"
import { hasPoints, homeView, makeField, readView, writeView } from "./field.js"
import { BY_WORDS, complain, MAP_REPORT_MS, recolour } from "./galaxy_map.js"
import { select } from "./panel.js"
import { followPointer, zoomBy } from "./pointer.js"
import { moveTo, queryNow, stepNow } from "./steps.js"

/** @import { MapState, Pane, Placed, View } from "./state.d.ts" */

const VIEW_NAMES = /** @type {const} */ (["view", "view2"])

/** Creates or removes panes to match the number of maps. @param {MapState} state */
export function matchPanes(state) {
  const { data, panes } = state
  const count = data.beside ? 2 : 1
  while (panes.length < count) panes.push(buildPane(state, panes.length))
  while (panes.length > count) panes.pop()?.node.remove()
  state.root.classList.toggle("two", count === 2)
  for (const pane of panes) {
    pane.source = (panes.indexOf(pane) && data.beside) || data
    state.resize.observe(pane.frameBox)
  }
}

/** @param {MapState} map @param {number} place */
function buildPane(map, place) {
  const pane = /** @type {Pane} */ ({ map, viewName: VIEW_NAMES[place], home: null, field: null, title: el("h3"), canvas: el("canvas", { tabindex: 0, role: "img", "aria-label": "Map of the galaxies, not drawn yet" }), tip: el("div", { class: "tip", hidden: true }) })
  const tool = (/** @type {string} */ sign, /** @type {string} */ title, /** @type {(pane: Placed) => void} */ act) =>
    el("button", { title, "aria-label": title, onClick: () => { if (hasPoints(pane)) act(pane) } }, sign)
  const tools = el("div", { class: "tools" }, tool("+", "Zoom in (+)", (of) => zoomBy(of, 1.5)), tool("−", "Zoom out (−)", (of) => zoomBy(of, 1 / 1.5)),
    tool("⤢", "Whole map (0)", (of) => setView(of, of.home)))
  pane.frameBox = el("div", { class: "frame" }, pane.canvas, tools, pane.tip)
  pane.node = el("section", { class: "pane" }, pane.title, pane.frameBox)
  map.frames.append(pane.node)
  followPointer(pane)
  return pane
}

/** @param {Pick<MapState, "panes">} state */
export const wantFrames = ({ panes }) => panes.forEach(wantFrame)

/** @param {Pane} pane */
export function followPane(pane) {
  renew(pane.title, el("b", {}, pane.source.title), el("span", { class: "gx-soft" }, `step ${grouped(stepNow(pane))} · ${pane.source.note}`))
  const key = JSON.stringify(queryNow(pane))
  if (key === pane.key) return
  pane.key = key
  loadPoints(pane, key)
}

/** @param {Pane} pane @param {string} key */
async function loadPoints(pane, key) {
  try {
    const answer = await fetchFile(address("/maps/points", { ...queryNow(pane) }))
    const flat = new Float32Array(await answer.arrayBuffer())
    if (key === pane.key) takePoints(pane, flat)
  } catch (problem) {
    if (key !== pane.key) return
    pane.key = null
    complain(pane.map, problem)
  }
}

/** @param {Pane} pane @param {Float32Array} flat */
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

/** Maps with the same base are aligned to each other. @param {Pane} pane */
const baseOf = ({ source }) => JSON.stringify(source.query)

/** @param {Pane} pane */
export function resized(pane) {
  const { map, frameBox } = pane, width = frameBox.clientWidth
  if (!width) return
  const most = Math.max(window.innerHeight - (map.data.steps.length > 1 ? 330 : 290), 320)
  const height = Math.round(clamp(width * (map.data.beside ? 0.9 : 0.72), 320, most))
  pane.size = { width, height }
  pane.canvas.style.height = `${height}px`
  if (!pane.field) return
  const first = !pane.home
  pane.home = homeView(pane.field, pane.size)
  if (first) pane.view = readView(map.view[pane.viewName]) ?? pane.home
  wantFrame(pane)
}

/** @param {Pane} pane */
export function describe({ map, canvas, field, source }) {
  if (!field) return
  canvas.setAttribute("aria-label", `Map of ${grouped(field.n)} galaxies by ${source.title}, coloured by ${map.column ? BY_WORDS[map.column.by] : "nothing yet"}. `
    + "Arrow keys move the map, plus and minus zoom, 0 shows the whole map, Escape clears the selection.")
}

/** @param {Placed} pane @param {View} view */
export function setView(pane, view) {
  const { map, viewName } = pane
  pane.view = view
  const home = writeView(view) === writeView(pane.home)
  map.view[viewName] = home ? null : writeView(view)
  wantFrame(pane)
  reportView(map, MAP_REPORT_MS)
}
