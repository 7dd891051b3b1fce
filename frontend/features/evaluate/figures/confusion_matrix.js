// A confusion matrix: counts, shares of rows or columns, or the difference of two; cells select galaxies.

import { colourAt, cssOf, rgbOf, VIRIDIS_RAMP, viridisAt } from "../../../ui/charts/colour_maps.js"
import { readColours } from "../../../ui/charts/palette.js"
import { makeStore } from "../../../ui/kit/component.js"
import { el, exists, find, keepFocus, renew } from "../../../ui/kit/dom.js"
import { grouped } from "../../../ui/kit/format.js"
import { choose, currentView, follow, reportBy, take } from "../shown.js"

/** @import { Rgb } from "../../../ui/charts/colour_maps.js" */
/** @import { Address, View } from "../shown.js" */
/** @typedef {(number | null)[][]} Values by true and predicted class; null if undefined */
/** @typedef {{ counts: number[][], true: Values, predicted: Values }} Views */

/** matrix_data in words.py: counts and shares, those of another evaluation, and a text for each cell.
 * @typedef {{ classes: string[], few: boolean[], similar: number[], views: Views, words: string[][], other: Views | null,
 *   difference_words: string[][] | null }} Matrix
 */
/** @typedef {Address & { matrix: Matrix }} Data */

/** `at` the row and column of the cell that the keyboard enters, `largest` the value of the last colour.
 * @typedef {{ root: HTMLElement, matrix: Matrix, fit: ReturnType<typeof fitOf>, resize: ResizeObserver, at: [y: number, x: number], theme: "dark" | "light", drawn: string, largest: number,
 *   stop: (() => void) | null }} State
 */

/** @type {ReturnType<typeof makeStore<State>>} */
const matrices = makeStore()
const ENDS = { dark: ["#56b4e9", "#2b313a", "#e8743b"], light: ["#2079b4", "#f1efea", "#d55e00"] } // more by B, equal, more by A
/** @type {[value: View["shown"], word: string, note: string][]} */
const VIEWS = [
  ["counts", "Counts", "Number of galaxies"], ["true", "% of true class", "Per cent of the row: how galaxies of a class are classified"],
  ["predicted", "% of predicted class", "Per cent of the column: true classes of galaxies classified as a class"],
  ["difference", "A − B", "Difference of the shares of the true class in points, A minus B"],
]
/** @type {[value: View["classes"], word: string, note: string][]} */
const ORDERS = [["given", "Dataset order", "Classes in the order of the dataset"], ["similar", "By similarity", "Classes that are confused are next to each other"]]
const NAMES_PX = 150 // of the names on the left
const LEAST = { side: 3, number: 30, name: 13 } // px of a cell, of one with a number, and between two names
const MANY = 20 // classes; fewer keep their numbers, and scroll on a phone
const HINT = "Hover over a cell for its figures; click it to see its galaxies."

/** @param {import("../../../ui/kit/mount.d.ts").Mounting<Data>} mounting */
export default function ({ data, parentElement, setTriggerValue }) {
  const state = matrices(parentElement, () => build(find(parentElement, ".gx-confusion_matrix"), data))
  state.matrix = data.matrix
  reportBy((view, seq) => setTriggerValue("view", { view, seq }))
  take(data)
  state.stop ??= follow(() => draw(state))
  draw(state)
  state.resize.observe(state.root)
  return () => {
    state.resize.disconnect()
    state.stop?.()
    state.stop = null
  }
}

/** @param {HTMLElement} root @param {Data} data */
function build(root, { matrix }) {
  /** @type {State} */
  const state = { root, matrix, fit: fitOf(0, 1, false), resize: new ResizeObserver(() => draw(state)), at: [0, 0], theme: "dark", drawn: "", largest: 1, stop: null }
  root.onclick = (event) => pressed(state, targetOf(event, "button"))
  root.onkeydown = (event) => moved(state, event)
  root.onmouseover = (event) => pointed(state, event)
  root.addEventListener("focusin", (event) => pointed(state, event)) // there is no onfocusin
  root.onmouseleave = () => say(state, chosenWords(state) ?? HINT)
  return state
}

/** @param {Event} event @param {string} selector */
const targetOf = ({ target }, selector) => target instanceof Element ? /** @type {HTMLElement | null} */ (target.closest(selector)) : null

/** @param {State} state */
function draw(state) {
  state.theme = readColours(state.root).dark ? "dark" : "light"
  state.fit = fitOf(state.root.clientWidth, state.matrix.classes.length, matchMedia("(pointer: coarse)").matches)
  const { shown, classes, true: row, predicted } = currentView()
  const drawn = JSON.stringify([state.matrix, shown, classes, row, predicted, state.theme, state.fit])
  if (drawn === state.drawn) return
  state.drawn = drawn
  keepFocus(state.root, () => renew(state.root, tools(state), board(state), legend(state)))
}

/** How a matrix fits: `dense` cells have no numbers, and every so many classes are named.
 * @param {number} width px
 * @param {number} classes
 * @param {boolean} coarse fingers need large cells
 */
export function fitOf(width, classes, coarse) {
  const side = Math.max((width - NAMES_PX) / classes, LEAST.side)
  const dense = classes > MANY && side < LEAST.number && !coarse
  return { dense, every: dense ? Math.ceil(LEAST.name / side) : 1 }
}

/** @param {State} state */
function tools(state) {
  const views = VIEWS.filter(([key]) => key !== "difference" || state.matrix.other)
  return el("div", { class: "tools" },
    segmented("Numbers", "shown", views, viewOf(state)), segmented("Order of the classes", "classes", ORDERS, currentView().classes))
}

/** @param {string} title @param {"shown" | "classes"} field @param {[value: string, word: string, note: string][]} choices @param {string} chosen */
function segmented(title, field, choices, chosen) {
  return el("div", { class: "segments", role: "radiogroup", "aria-label": title }, choices.map(([key, word, note]) =>
    el("button", { role: "radio", "aria-checked": String(key === chosen), title: note, "data-field": field, "data-value": key, "data-focus": `${field} ${key}` }, word)))
}

/** @param {State} state */
const viewOf = ({ matrix }) => (currentView().shown === "difference" && !matrix.other ? "true" : currentView().shown)
/** @param {State} state */
const orderOf = ({ matrix }) => (currentView().classes === "similar" ? matrix.similar : matrix.classes.map((_, i) => i))

/** @param {State} state @returns {Values} */
function valuesOf(state) {
  const { views, other } = state.matrix, view = viewOf(state)
  if (view !== "difference") return views[view]
  return views.true.map((row, i) => row.map((share, j) => {
    const theirs = other?.true[i][j]
    return exists(share) && exists(theirs) ? share - theirs : null
  }))
}

/** The value of the last colour.
 * @param {View["shown"]} view
 * @param {Values} values
 */
function largestOf(view, values) {
  const known = values.flat().filter(exists)
  return view === "counts" ? Math.max(1, ...known) : view === "difference" ? Math.max(0.01, ...known.map(Math.abs)) : 1
}

/** @param {State} state */
function board(state) {
  const { classes, few } = state.matrix
  const order = orderOf(state), values = valuesOf(state), view = viewOf(state)
  state.largest = largestOf(view, values)
  const head = order.map((j, i) => el("div", { class: "top", role: "columnheader" }, nameButton(state, "predicted", j, i)))
  const rows = order.map((i, y) => el("div", { class: "row", role: "row" },
    el("div", { class: "left", role: "rowheader" }, nameButton(state, "true", i, y), few[i] && !state.fit.dense ? el("small", { title: "Fewer than 20 test galaxies: unreliable figures" }, "few") : null),
    order.map((j, x) => cell(state, i, j, x, y, values[i][j]))))
  return el("div", { class: "scroll" },
    el("div", { class: state.fit.dense ? "board dense" : "board", role: "grid", "aria-label": "Confusion matrix, rows true, columns predicted", style: `--k:${classes.length}` },
      el("div", { class: "row", role: "row" }, el("div", { class: "corner", role: "presentation" }, el("span", { class: "gx-soft" }, "true ↓ predicted →")), head), rows))
}

/** @param {State} state @param {"true" | "predicted"} field @param {number} index @param {number} place in the order shown */
function nameButton(state, field, index, place) {
  const name = state.matrix.classes[index], view = currentView()
  const pressed = view[field] === name && view[field === "true" ? "predicted" : "true"] === null
  const words = field === "true" ? `All galaxies of class ${name}` : `All galaxies classified as ${name}`
  return el("button", { class: "class", title: words, "aria-pressed": String(pressed), "data-pick": field, "data-index": index, "data-focus": `${field} ${name}`,
    "aria-label": place % state.fit.every ? words : null }, place % state.fit.every ? null : name)
}

/** @param {State} state @param {number} i @param {number} j @param {number} x @param {number} y @param {number | null} value */
function cell(state, i, j, x, y, value) {
  const { classes } = state.matrix, view = currentView()
  const chosen = view.true === classes[i] && view.predicted === classes[j]
  const [back, ink] = colours(state, value)
  const first = state.at[0] === y && state.at[1] === x
  const label = wordsOf(state, i, j)
  return el("div", { role: "gridcell", class: i === j ? "cell right" : "cell" }, el("button", {
    "data-cell": `${i} ${j}`, "data-xy": `${x} ${y}`, "data-focus": `cell ${i} ${j}`, tabindex: first ? 0 : -1,
    "aria-pressed": String(chosen), "aria-label": label, class: back ? null : "nothing", style: back ? `background:${back};color:${ink}` : null,
    title: state.fit.dense ? label : null,
  }, state.fit.dense ? null : written(viewOf(state), value)))
}

/** @param {State} state @param {number} i @param {number} j */
function wordsOf(state, i, j) {
  const { words, difference_words: differences } = state.matrix
  return (viewOf(state) === "difference" && differences ? differences : words)[i][j]
}

/** @param {View["shown"]} view @param {number | null} value */
function written(view, value) {
  if (!exists(value)) return "–"
  if (view === "counts") return value ? grouped(value) : "·"
  const rounded = (100 * value).toFixed(1)
  if (view === "difference") return Number(rounded) === 0 ? "·" : `${value > 0 ? "+" : "−"}${rounded.replace("-", "")}`
  return value ? (value === 1 ? "100" : rounded) : "·"
}

/** Background and text colour of a cell; none for empty cells.
 * @param {State} state
 * @param {number | null} value
 */
function colours(state, value) {
  if (!exists(value) || value === 0) return [null, null]
  const share = Math.max(-1, Math.min(value / state.largest, 1))
  const rgb = viewOf(state) === "difference" ? colourAt(ENDS[state.theme].map(rgbOf), (share + 1) / 2) : viridisAt(share)
  return [cssOf(rgb), luminance(rgb) > 0.18 ? "#0b0d10" : "#fff"]
}

/** @param {Rgb} rgb */
function luminance(rgb) {
  const [r, g, b] = rgb.map((value) => value / 255).map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

/** @param {State} state */
function legend(state) {
  const view = viewOf(state)
  const ramp = view === "difference" ? `background: linear-gradient(to right, ${ENDS[state.theme].join(", ")})` : VIRIDIS_RAMP
  const top = view === "counts" ? grouped(state.largest) : view === "difference" ? `+${(100 * state.largest).toFixed(1)} points (A higher)` : "100 %"
  const bottom = view === "counts" ? "1" : view === "difference" ? `(B higher) −${(100 * state.largest).toFixed(1)}` : "0"
  const unit = { counts: "galaxies", true: "of the true class", predicted: "of the predicted class", difference: "" }[view]
  return el("div", { class: "foot" }, el("p", { class: "says", role: "status", "data-view": view }, chosenWords(state) ?? HINT),
    el("div", { class: "legend gx-soft" }, el("span", {}, bottom), el("i", { style: ramp }), el("span", {}, [top, unit].filter(Boolean).join(" "))))
}

/** @param {State} state */
function chosenWords(state) {
  const { classes } = state.matrix, view = currentView()
  const [i, j] = [view.true, view.predicted].map((name) => classes.findIndex((one) => one === name))
  return i < 0 || j < 0 ? null : wordsOf(state, i, j)
}

/** Shows the figures of the cell under the pointer or focus, and its classes.
 * @param {State} state
 * @param {Event} event
 */
function pointed(state, event) {
  const button = targetOf(event, "[data-cell]")
  say(state, button?.ariaLabel ?? chosenWords(state) ?? HINT)
  state.root.querySelectorAll(".class.on").forEach((node) => node.classList.remove("on"))
  const [i, j] = button?.dataset.cell?.split(" ") ?? []
  if (!button) return
  for (const name of [`.class[data-pick="true"][data-index="${i}"]`, `.class[data-pick="predicted"][data-index="${j}"]`]) find(state.root, name).classList.add("on")
}

/** @param {State} state @param {string} words */
function say(state, words) {
  const node = find(state.root, ".says")
  if (node.textContent !== words) node.textContent = words
}

/** @param {State} state @param {HTMLElement | null} button */
function pressed(state, button) {
  if (!button) return
  const { field, value, pick, index, cell: at, xy } = button.dataset
  const { classes } = state.matrix, again = button.ariaPressed === "true"
  if (field) choose({ [field]: value })
  else if (pick) choose({ true: null, predicted: null, [pick]: again ? null : classes[Number(index)] })
  else if (at && xy) {
    const [i, j] = at.split(" ").map(Number), [x, y] = xy.split(" ").map(Number)
    state.at = [y, x]
    choose({ true: again ? null : classes[i], predicted: again ? null : classes[j] })
    if (!again) showGalaxies()
  }
}

/** Scrolls to the galaxies if they are below the visible area, as on a phone. */
function showGalaxies() {
  const place = document.querySelector(".st-key-evaluate_galaxies")
  if (!place || place.getBoundingClientRect().top < innerHeight - 160) return
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches
  place.scrollIntoView({ behavior: calm ? "auto" : "smooth", block: "start" })
}

/** @type {Record<string, [x: number, y: number]>} */
const ARROWS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }

/** @param {State} state @param {KeyboardEvent} event */
function moved(state, event) {
  const step = ARROWS[event.key], from = targetOf(event, "[data-xy]")
  if (!step || !from) return
  event.preventDefault()
  const [x, y] = (from.dataset.xy ?? "").split(" ").map(Number)
  const to = /** @type {HTMLElement | null} */ (state.root.querySelector(`[data-xy="${x + step[0]} ${y + step[1]}"]`))
  if (!to) return
  state.at = [y + step[1], x + step[0]]
  from.tabIndex = -1
  to.tabIndex = 0
  to.focus()
}
