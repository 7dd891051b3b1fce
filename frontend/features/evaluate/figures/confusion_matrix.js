// A confusion matrix: counts, shares of rows or columns, or the difference of two; cells select galaxies.

import { makeStore } from "../../../ui/kit/component.js"
import { el, exists, renew } from "../../../ui/kit/dom.js"
import { grouped } from "../../../ui/kit/format.js"

const matrices = makeStore()
const VIRIDIS = ["#440154", "#482878", "#3e4a89", "#31688e", "#26828e", "#1f9e89", "#35b779", "#6ece58", "#b5de2b", "#fde725"]
const ENDS = { dark: ["#56b4e9", "#2b313a", "#e8743b"], light: ["#2079b4", "#f1efea", "#d55e00"] } // more by B, equal, more by A
const VIEWS = [
  ["counts", "Counts", "Number of galaxies"], ["true", "% of true class", "Per cent of the row: how galaxies of a class are classified"],
  ["predicted", "% of predicted class", "Per cent of the column: true classes of galaxies classified as a class"],
  ["difference", "A − B", "Difference of the shares of the true class in points, A minus B"],
]
const ORDERS = [["given", "Dataset order", "Classes in the order of the dataset"], ["similar", "By similarity", "Classes that are confused are next to each other"]]

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".gx-confusion_matrix")
  const state = matrices(parentElement, () => ({ root, seq: 0, at: [0, 0], boxes: new Map() }))
  state.report = () => setTriggerValue("view", { seq: ++state.seq, ...state.view })
  state.data = data
  if (!state.view || data.browser_seq === null || data.browser_seq >= state.seq) state.view = { ...data.view }
  state.seq = Math.max(state.seq, data.browser_seq ?? 0)
  draw(state)
}

function draw(state) {
  const ground = parseInt(getComputedStyle(state.root).getPropertyValue("--st-background-color").trim().slice(1, 3), 16)
  state.theme = ground < 128 ? "dark" : "light"
  const drawn = JSON.stringify([state.data.matrix, state.view, state.theme])
  if (drawn === state.drawn) return
  state.drawn = drawn
  const focused = state.root.getRootNode().activeElement?.dataset?.focus
  renew(state.root, tools(state), board(state), legend(state))
  listen(state)
  if (focused) state.root.querySelector(`[data-focus="${CSS.escape(focused)}"]`)?.focus()
}

function tools(state) {
  const views = VIEWS.filter(([key]) => key !== "difference" || state.data.matrix.other)
  return el("div", { class: "tools" },
    segmented("Numbers", "shown", views, viewOf(state)), segmented("Order of the classes", "classes", ORDERS, state.view.classes))
}

function segmented(title, field, choices, chosen) {
  return el("div", { class: "segments", role: "radiogroup", "aria-label": title }, choices.map(([key, word, note]) =>
    el("button", { role: "radio", "aria-checked": String(key === chosen), title: note, "data-field": field, "data-value": key, "data-focus": `${field} ${key}` }, word)))
}

const viewOf = (state) => (state.view.shown === "difference" && !state.data.matrix.other ? "true" : state.view.shown)
const orderOf = (state) => (state.view.classes === "similar" ? state.data.matrix.similar : state.data.matrix.classes.map((_, i) => i))

/** The displayed values by true and predicted class; null if undefined. */
function valuesOf(state) {
  const { views, other } = state.data.matrix
  const view = viewOf(state)
  if (view !== "difference") return views[view]
  return views.true.map((row, i) => row.map((share, j) => (exists(share) && exists(other.true[i][j]) ? share - other.true[i][j] : null)))
}

const LARGEST = { counts: (values) => Math.max(1, ...values.flat()), true: () => 1, predicted: () => 1, difference: (values) => Math.max(0.01, ...values.flat().filter(exists).map(Math.abs)) }

function board(state) {
  const { classes, few } = state.data.matrix
  const order = orderOf(state), values = valuesOf(state), view = viewOf(state)
  state.largest = LARGEST[view](values)
  const head = order.map((j) => el("div", { class: "top", role: "columnheader" }, nameButton(state, "predicted", j)))
  const rows = order.map((i, y) => el("div", { class: "row", role: "row" },
    el("div", { class: "left", role: "rowheader" }, nameButton(state, "true", i), few[i] ? el("small", { title: "Fewer than 20 test galaxies: unreliable figures" }, "few") : null),
    order.map((j, x) => cell(state, i, j, x, y, values[i][j]))))
  return el("div", { class: "scroll" },
    el("div", { class: "board", role: "grid", "aria-label": "Confusion matrix, rows true, columns predicted", style: `--k:${classes.length}` },
      el("div", { class: "row", role: "row" }, el("div", { class: "corner", role: "presentation" }, el("span", { class: "gx-soft" }, "true ↓ predicted →")), head), rows))
}

function nameButton(state, field, index) {
  const name = state.data.matrix.classes[index]
  const pressed = state.view[field] === name && state.view[field === "true" ? "predicted" : "true"] === null
  const words = field === "true" ? `All galaxies of class ${name}` : `All galaxies classified as ${name}`
  return el("button", { class: "class", title: words, "aria-pressed": String(pressed), "data-pick": field, "data-index": index, "data-focus": `${field} ${name}` }, name)
}

function cell(state, i, j, x, y, value) {
  const { classes, words, difference_words: differences } = state.data.matrix
  const chosen = state.view.true === classes[i] && state.view.predicted === classes[j]
  const [back, ink] = colours(state, value)
  const first = state.at[0] === y && state.at[1] === x
  const label = viewOf(state) === "difference" ? differences[i][j] : words[i][j]
  return el("div", { role: "gridcell", class: i === j ? "cell right" : "cell" }, el("button", {
    "data-cell": `${i} ${j}`, "data-xy": `${x} ${y}`, "data-focus": `cell ${i} ${j}`, tabindex: first ? 0 : -1,
    "aria-pressed": String(chosen), "aria-label": label, class: back ? null : "nothing", style: back ? `background:${back};color:${ink}` : null,
  }, written(viewOf(state), value)))
}

function written(view, value) {
  if (!exists(value)) return "–"
  if (view === "counts") return value ? grouped(value) : "·"
  const rounded = (100 * value).toFixed(1)
  if (view === "difference") return Number(rounded) === 0 ? "·" : `${value > 0 ? "+" : "−"}${rounded.replace("-", "")}`
  return value ? (value === 1 ? "100" : rounded) : "·"
}

/** Background and text colour of a cell; none for empty cells. */
function colours(state, value) {
  if (!exists(value) || value === 0) return [null, null]
  const share = Math.max(-1, Math.min(value / state.largest, 1))
  const [b, middle, a] = ENDS[state.theme]
  const rgb = viewOf(state) === "difference" ? mixed(hex(middle), hex(share > 0 ? a : b), Math.abs(share)) : along(share)
  return [`rgb(${rgb.join(" ")})`, luminance(rgb) > 0.18 ? "#0b0d10" : "#fff"]
}

const hex = (word) => [1, 3, 5].map((at) => parseInt(word.slice(at, at + 2), 16))
const mixed = (from, to, share) => from.map((value, k) => Math.round(value + share * (to[k] - value)))

function along(share) {
  const at = share * (VIRIDIS.length - 1)
  const from = Math.min(Math.floor(at), VIRIDIS.length - 2)
  return mixed(hex(VIRIDIS[from]), hex(VIRIDIS[from + 1]), at - from)
}

function luminance(rgb) {
  const [r, g, b] = rgb.map((value) => value / 255).map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

function legend(state) {
  const view = viewOf(state)
  const stops = view === "difference" ? ENDS[state.theme] : VIRIDIS
  const top = view === "counts" ? grouped(state.largest) : view === "difference" ? `+${(100 * state.largest).toFixed(1)} points (A higher)` : "100 %"
  const bottom = view === "counts" ? "1" : view === "difference" ? `(B higher) −${(100 * state.largest).toFixed(1)}` : "0"
  const unit = { counts: "galaxies", true: "of the true class", predicted: "of the predicted class", difference: "" }[view]
  state.says = "Hover over a cell for its figures; click it to see its galaxies."
  return el("div", { class: "foot" }, el("p", { class: "says", role: "status", "data-view": view }, chosenWords(state) ?? state.says),
    el("div", { class: "legend gx-soft" }, el("span", {}, bottom), el("i", { style: `background:linear-gradient(90deg,${stops.join(",")})` }), el("span", {}, [top, unit].filter(Boolean).join(" "))))
}

function chosenWords(state) {
  const { classes, words, difference_words: differences } = state.data.matrix
  const [i, j] = [classes.indexOf(state.view.true), classes.indexOf(state.view.predicted)]
  if (i < 0 || j < 0) return null
  return (viewOf(state) === "difference" ? differences : words)[i][j]
}

/** Delegated listeners, which survive changes of cells. */
function listen(state) {
  state.root.onclick = (event) => pressed(state, event.target.closest("button"))
  state.root.onkeydown = (event) => moved(state, event)
  const point = (event) => {
    const button = event.target.closest("[data-cell]")
    say(state, button ? button.getAttribute("aria-label") : chosenWords(state) ?? state.says)
    state.root.querySelectorAll(".class.on").forEach((node) => node.classList.remove("on"))
    if (!button) return
    const [i, j] = button.dataset.cell.split(" ")
    for (const name of [`.class[data-pick="true"][data-index="${i}"]`, `.class[data-pick="predicted"][data-index="${j}"]`]) state.root.querySelector(name).classList.add("on")
  }
  state.root.onmouseover = point
  state.focus ??= state.root.addEventListener("focusin", (event) => point(event)) ?? true // there is no onfocusin
  state.root.onmouseleave = () => say(state, chosenWords(state) ?? state.says)
}

function say(state, words) {
  const node = state.root.querySelector(".says")
  if (node.textContent !== words) node.textContent = words
}

function pressed(state, button) {
  if (!button) return
  const { field, value, pick, index, cell: at } = button.dataset
  const { classes } = state.data.matrix
  if (field) state.view[field] = value
  else if (pick) Object.assign(state.view, { true: null, predicted: null, [pick]: button.ariaPressed === "true" ? null : classes[index] })
  else {
    const [i, j] = at.split(" ")
    const again = button.ariaPressed === "true"
    state.at = button.dataset.xy.split(" ").map(Number).reverse()
    Object.assign(state.view, { true: again ? null : classes[i], predicted: again ? null : classes[j] })
  }
  draw(state)
  state.report()
  if (at && state.view.true !== null) showGalaxies()
}

/** Scrolls to the galaxies if they are below the visible area, as on a phone. */
function showGalaxies() {
  const place = document.querySelector(".st-key-evaluate_galaxies")
  if (!place || place.getBoundingClientRect().top < innerHeight - 160) return
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches
  place.scrollIntoView({ behavior: calm ? "auto" : "smooth", block: "start" })
}

const ARROWS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }

function moved(state, event) {
  const step = ARROWS[event.key]
  const from = event.target.closest("[data-xy]")
  if (!step || !from) return
  event.preventDefault()
  const [x, y] = from.dataset.xy.split(" ").map(Number)
  const to = state.root.querySelector(`[data-xy="${x + step[0]} ${y + step[1]}"]`)
  if (!to) return
  state.at = [y + step[1], x + step[0]]
  from.tabIndex = -1
  to.tabIndex = 0
  to.focus()
}
