// The sky map; hovering over a point shows its galaxy, a click opens it.

import { readColours } from "../../../ui/charts/palette.js"
import { fetchGalaxy } from "../../../ui/galaxies/fetching.js"
import { galaxyDialog, galaxyPicture, openRow } from "../../../ui/galaxies/galaxy_dialog.js"
import { get } from "../../../ui/kit/api.js"
import { makeStore } from "../../../ui/kit/component.js"
import { el, exists, find } from "../../../ui/kit/dom.js"
import { grouped, isNumber } from "../../../ui/kit/format.js"
import { tryAgain } from "../../../ui/kit/problems.js"
import { closeView, galacticPlane, graticule, mollweide, onScreen, ROOT2, wholeSky } from "./sky_projection.js"

/** @import { PictureSource, SkyMap } from "../../../api/contract.d.ts" */
/** @import { GridLine, Point, View } from "./sky_projection.js" */
/** @typedef {PictureSource & { galaxy: number | null }} Data `galaxy` is the row to mark */
/** @typedef {ReturnType<typeof readColours>} Colours */
/** @typedef {CanvasRenderingContext2D} Pen */

/** `classes` are those on the map, `only` the one that is not faded; `at` is the index of the galaxy pointed at, `chosen`
 * that of the galaxy of the address, −1 for none; `places` are the points on the screen.
 * @typedef {ReturnType<typeof build>} State
 */

/** @type {ReturnType<typeof makeStore<State>>} */
const skies = makeStore()
const REACH_PX = 12
/** @type {SkyMap} */
const NO_SKY = { total: 0, row: [], ra: [], dec: [], label: [], class_names: [] }

/** @param {import("../../../ui/kit/mount.d.ts").Mounting<Data>} mounting */
export default function ({ data, parentElement }) {
  const root = find(parentElement, ".gx-sky_map")
  const state = skies(parentElement, () => build(root, data))
  state.of = data
  state.resize.observe(root)
  const key = `${data.dataset} ${data.version} ${data.galaxy ?? ""}`
  if (key !== state.key) {
    state.key = key
    load(state)
  } else if (state.loaded) paint(state)
  return () => state.resize.disconnect()
}

/** @param {HTMLElement} root @param {Data} data */
function build(root, data) {
  const canvas = el("canvas", { tabindex: 0, role: "img", "aria-label": "Sky map, not drawn yet" }), tip = el("div", { class: "tip", hidden: true })
  const ring = el("i", { class: "ring", hidden: true })
  const state = {
    root, of: data, key: "", loaded: false, sky: NO_SKY, canvas, tip, ring, view: galaxyDialog(),
    classes: /** @type {number[]} */ ([]), only: /** @type {number | null} */ (null), places: /** @type {Point[]} */ ([]),
    at: -1, chosen: -1, close: false, later: 0,
    frame: el("div", { class: "frame" }, canvas, ring, tip),
    legend: el("div", { class: "legend", role: "group", "aria-label": "Classes" }),
    note: el("span", { class: "gx-soft" }),
    whole: el("button", { onClick: () => zoom(state, false) }, "Whole sky"),
    near: el("button", { onClick: () => zoom(state, true) }, "Zoom to galaxies"),
    resize: new ResizeObserver(() => { if (state.loaded) paint(state) }),
  }
  // Scrolling moves the page under a resting pointer; ignoring such events keeps the choice made by keyboard.
  const moved = (/** @type {PointerEvent} */ event) => event.movementX || event.movementY
  canvas.onpointermove = (event) => { if (moved(event)) point(state, nearest(state, event)) }
  canvas.onpointerleave = (event) => { if (moved(event)) point(state, -1) }
  canvas.onclick = (event) => open(state, nearest(state, event))
  canvas.onkeydown = (event) => onKey(state, event)
  root.replaceChildren(el("div", { class: "gx-bone wait" }))
  return state
}

/** @param {State} state */
async function load(state) {
  try {
    const { key, of: { dataset, galaxy } } = state
    const sky = await get("/datasets/{name}/sky", { name: dataset, max_points: 20_000 })
    if (key !== state.key) return
    if (exists(galaxy)) await include(dataset, sky, galaxy)
    if (key !== state.key) return
    Object.assign(state, { loaded: true, sky, classes: present(sky), only: null, at: -1, chosen: exists(galaxy) ? sky.row.indexOf(galaxy) : -1 })
    state.root.replaceChildren(el("div", { class: "bar" }, state.whole, state.near, state.note), state.frame, state.legend, state.view.node)
    state.note.textContent = sky.total > sky.row.length ? `${grouped(sky.row.length)} of ${grouped(sky.total)} galaxies (random sample)` : `${grouped(sky.total)} galaxies`
    drawLegend(state)
    zoom(state, state.chosen >= 0)
    if (exists(galaxy)) showChosen(state, galaxy)
  } catch (problem) {
    state.root.replaceChildren(...tryAgain(problem, () => load(state)))
  }
}

/** Adds a galaxy that the random sample left out, if it has coordinates.
 * @param {string} dataset
 * @param {SkyMap} sky
 * @param {number} row
 */
async function include(dataset, sky, row) {
  if (sky.row.includes(row)) return
  const galaxy = await fetchGalaxy(dataset, row)
  if (!galaxy || !isNumber(galaxy.ra) || !isNumber(galaxy.dec)) return
  sky.row.push(row)
  sky.ra.push(galaxy.ra)
  sky.dec.push(galaxy.dec)
  sky.label.push(sky.class_names.indexOf(galaxy.label ?? ""))
}

/** @param {State} state @param {number} galaxy */
function showChosen(state, galaxy) {
  state.note.textContent = state.chosen < 0 ? `Galaxy ${galaxy} has no coordinates.` : `${state.note.textContent}; galaxy ${galaxy} is marked`
  point(state, state.chosen)
  state.root.scrollIntoView({ block: "center" })
}

/** @param {State} state @param {boolean} close */
function zoom(state, close) {
  state.close = close && isZoomable(state)
  state.whole.hidden = state.near.hidden = !isZoomable(state)
  state.whole.setAttribute("aria-pressed", String(!close))
  state.near.setAttribute("aria-pressed", String(close))
  paint(state)
}

/** Whether zooming in would enlarge the galaxies' part of the sky.
 * @param {State} state
 */
function isZoomable(state) {
  const [width, height] = [1000, 500]
  return closeView(state.sky, width, height).scale > 1.5 * wholeSky(width, height).scale
}

/** @param {SkyMap} sky */
const present = (sky) => [...new Set(sky.label)].filter((label) => label >= 0).sort((a, b) => a - b)
/** Up to eight classes get their own colours.
 * @param {State} state
 */
const coloured = (state) => state.classes.length > 0 && state.classes.length <= 8

/** @param {State} state */
function drawLegend(state) {
  const { sky } = state
  state.legend.hidden = !coloured(state)
  if (!coloured(state)) return
  const colours = readColours(state.root).series
  const has = (/** @type {number} */ index) => sky.label.filter((label) => label === index).length
  state.legend.replaceChildren(...state.classes.map((label, i) => {
    const name = sky.class_names[label]
    const choose = () => {
      state.only = state.only === label ? null : label
      drawLegend(state)
      paint(state)
    }
    return el("button", { "aria-pressed": String(state.only === label), title: `Show only ${name}`, onClick: choose },
      el("i", { style: `background:${colours[i]}` }), `${name} ${grouped(has(label))}`)
  }))
}

/** @param {State} state */
function paint(state) {
  const width = Math.round(state.frame.clientWidth)
  if (!width) return
  const height = Math.round(width / 2)
  const dense = window.devicePixelRatio || 1
  Object.assign(state.canvas, { width: width * dense, height: height * dense })
  state.canvas.style.height = `${height}px`
  const view = state.close ? closeView(state.sky, width, height) : wholeSky(width, height)
  const colours = readColours(state.root)
  const pen = /** @type {Pen} */ (state.canvas.getContext("2d"))
  pen.setTransform(dense, 0, 0, dense, 0, 0)
  pen.font = `11px ${colours.font}`
  drawGrid(pen, view, colours, width, height)
  state.places = state.sky.ra.map((ra, i) => onScreen(view, mollweide(ra, state.sky.dec[i], view.centre)))
  drawPoints(state, pen, colours, width)
  if (state.chosen >= 0) encircle(pen, state.places[state.chosen], colours)
  state.canvas.setAttribute("aria-label", described(state.sky))
  const at = state.at
  state.at = -2 // forces the marker to be redrawn at its new position
  point(state, at)
}

/** @param {SkyMap} sky */
function described(sky) {
  const ends = (/** @type {number[]} */ values) => `${Math.min(...values).toFixed(1)}° to ${Math.max(...values).toFixed(1)}°`
  return `Sky map of ${sky.row.length} galaxies, RA ${ends(sky.ra)}, Dec ${ends(sky.dec)}. Arrow keys go from galaxy to galaxy, Enter opens one.`
}

/** Lines between points that are less than `longest` apart.
 * @param {Pen} pen
 * @param {Point[]} points
 * @param {number} longest
 */
function stroke(pen, points, longest) {
  pen.beginPath()
  points.forEach(([x, y], i) => {
    if (i && Math.hypot(x - points[i - 1][0], y - points[i - 1][1]) < longest) pen.lineTo(x, y)
    else pen.moveTo(x, y)
  })
  pen.stroke()
}

/** @param {Pen} pen @param {View} view @param {Colours} colours @param {number} width @param {number} height */
function drawGrid(pen, view, colours, width, height) {
  Object.assign(pen, { strokeStyle: colours.line, lineWidth: 1, fillStyle: colours.soft })
  const lines = graticule(view)
  for (const line of lines) stroke(pen, line.points, Infinity)
  if (!view.close) {
    pen.beginPath()
    pen.ellipse(view.x, view.y, 2 * ROOT2 * view.scale, ROOT2 * view.scale, 0, 0, 2 * Math.PI)
    pen.stroke()
    pen.setLineDash([4, 4])
    pen.strokeStyle = colours.soft
    const plane = galacticPlane(view)
    stroke(pen, plane, 0.5 * view.scale)
    pen.setLineDash([])
    pen.fillText("Galactic plane", plane[200][0] + 8, plane[200][1] + 4)
  }
  for (const line of lines) label(pen, view, line, width, height)
}

/** Labels a grid line: on the equator or the rim for the whole sky, else at the edge of the canvas.
 * @param {Pen} pen
 * @param {View} view
 * @param {GridLine} line
 * @param {number} width
 * @param {number} height
 */
function label(pen, view, line, width, height) {
  const digits = Math.max(0, Math.ceil(-Math.log10(view.step)))
  const angle = `${Math.abs(line.value).toFixed(digits)}°`
  if (line.kind === "ra") {
    if (!view.close && (line.value % 60 || line.value % 360 === 0)) return
    const at = view.close ? line.points.find(([x, y]) => y < height - 4 && y > 0 && x > 40 && x < width - 30) : line.points[36]
    if (at) pen.fillText(angle, at[0] + 3, view.close ? height - 6 : at[1] + 12)
  } else if (line.value || view.close) {
    const at = view.close ? line.points.filter(([x, y]) => x > 0 && x < width && y > 10 && y < height - 18).sort((a, b) => a[0] - b[0])[0] : line.points.at(-1)
    if (at) pen.fillText(`${line.value > 0 ? "+" : line.value < 0 ? "−" : ""}${angle}`, Math.max(at[0] + 4, 4), at[1] - 3)
  }
}

/** @param {State} state @param {Pen} pen @param {Colours} colours @param {number} width */
function drawPoints(state, pen, colours, width) {
  const { sky, places, only } = state
  const size = (sky.row.length > 5000 ? 1.6 : sky.row.length > 500 ? 2.4 : 4) * (width < 500 ? 0.7 : 1)
  places.forEach(([x, y], i) => {
    const label = sky.label[i]
    pen.globalAlpha = only === null || only === label ? 0.85 : 0.07
    pen.fillStyle = coloured(state) ? (colours.series[state.classes.indexOf(label)] ?? colours.soft) : colours.accent
    pen.fillRect(x - size / 2, y - size / 2, size, size)
  })
  pen.globalAlpha = 1
}

/** Marks the galaxy of the address with a ring.
 * @param {Pen} pen
 * @param {Point} place
 * @param {Colours} colours
 */
function encircle(pen, [x, y], colours) {
  Object.assign(pen, { strokeStyle: colours.text, lineWidth: 2 })
  pen.beginPath()
  pen.arc(x, y, 11, 0, 2 * Math.PI)
  pen.stroke()
}

/** The index of the galaxy under the pointer, or −1.
 * @param {State} state
 * @param {MouseEvent} event
 */
function nearest(state, event) {
  const box = state.canvas.getBoundingClientRect()
  const [px, py] = [event.clientX - box.left, event.clientY - box.top]
  let best = -1, least = REACH_PX ** 2
  state.places.forEach(([x, y], i) => {
    const far = (x - px) ** 2 + (y - py) ** 2
    if (far < least && (state.only === null || state.sky.label[i] === state.only)) { best = i; least = far }
  })
  return best
}

/** @param {State} state @param {number} index */
function point(state, index) {
  if (index === state.at) return
  state.at = index
  state.canvas.style.cursor = index < 0 ? "default" : "pointer"
  clearTimeout(state.later)
  state.tip.hidden = state.ring.hidden = index < 0
  if (index < 0) return
  const [x, y] = state.places[index]
  state.ring.style.cssText = `left:${x - 7}px;top:${y - 7}px`
  const { sky } = state
  state.tip.style.cssText = `left:${Math.min(Math.max(x - 48, 0), state.frame.clientWidth - 150)}px;top:${y > 170 ? y - 158 : y + 14}px`
  const words = el("span", {}, sky.class_names[sky.label[index]] ?? "no label", el("br"), `${sky.ra[index].toFixed(3)}° ${sky.dec[index] < 0 ? "−" : "+"}${Math.abs(sky.dec[index]).toFixed(3)}°`)
  const bone = el("i", { class: "gx-bone" })
  state.tip.replaceChildren(bone, words)
  state.later = window.setTimeout(() => bone.replaceWith(galaxyPicture(state.of, sky.row[index], 96)), 60)
}

/** @param {State} state @param {number} index */
function open(state, index) {
  if (index >= 0) openRow(state.view, state.of, state.sky.row[index])
}

/** @type {Record<string, number>} */
const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }

/** @param {State} state @param {KeyboardEvent} event */
function onKey(state, event) {
  const step = STEPS[event.key]
  if (event.key === "Enter") {
    event.preventDefault() // else the same key would press the button of the dialog
    return open(state, state.at)
  }
  if (event.key === "Escape") return point(state, -1)
  if (!step) return
  event.preventDefault()
  const order = [...state.places.keys()].sort((a, b) => state.places[a][0] - state.places[b][0])
  const next = order[(order.indexOf(state.at) + step + order.length) % order.length]
  point(state, state.at < 0 ? order[0] : next)
}
