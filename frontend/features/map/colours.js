// The style of a value: a colour, and a shape if there are more classes than colours.

import { el, svgShape } from "../../ui/kit/dom.js"
import { grouped, isNumber } from "../../ui/kit/format.js"

const VIRIDIS_STEPS = [
  [68, 1, 84], [72, 40, 120], [62, 73, 137], [49, 104, 142], [38, 130, 142],
  [31, 158, 137], [53, 183, 121], [110, 206, 88], [181, 222, 43], [253, 231, 37],
]
const LEVELS = 64
export const SHAPES = ["disc", "square", "triangle", "diamond", "cross"]
export const NUMBER_WORDS = { redshift: { title: "Redshift z", digits: 3 }, confidence: { title: "Confidence (probability of the predicted class)", digits: 2 } }

function viridisAt(share) {
  const place = share * (VIRIDIS_STEPS.length - 1)
  const before = Math.min(Math.floor(place), VIRIDIS_STEPS.length - 2)
  return VIRIDIS_STEPS[before].map((from, c) => Math.round(from + (place - before) * (VIRIDIS_STEPS[before + 1][c] - from)))
}

export const rgbOf = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16))
const cssOf = (rgb) => `rgb(${rgb.join(" ")})`

/** `code` (N) is the index into `styles` of each galaxy; index 0 stands for unknown values. */
export function paintingOf(column, theme) {
  return column.names.length ? paintNames(column, theme) : paintNumbers(column, theme)
}

function paintNames({ by, names, values, unknown }, theme) {
  const code = Uint8Array.from(values, (value) => value + 1)
  const styles = names.map((name, k) => ({ name, rgb: by === "rating" ? viridisAt(k / (names.length - 1)) : rgbOf(theme.series[colourIndex(by, k)]), shape: shapeOf(by, k) }))
  return finish({ code, styles: [unknownStyle(unknown, theme), ...styles], bar: null })
}

/** Correct and wrong predictions and flagged labels also differ in shape; ratings are sequential. */
const colourIndex = (by, k) => (by === "right" ? [4, 1][k] : by === "flagged" ? 4 : k % 8)
const shapeOf = (by, k) => (by === "right" ? ["cross", "disc"][k] : by === "flagged" ? "cross" : SHAPES[Math.floor(k / 8) % SHAPES.length])
const unknownStyle = (name, theme) => ({ name, rgb: rgbOf(theme.unknown), shape: "disc" })

function paintNumbers({ by, values, unknown }, theme) {
  const known = Float64Array.from(values.filter(isNumber)).sort()
  const at = (share) => known[Math.round(share * (known.length - 1))]
  const [low, high] = by === "confidence" ? [at(0), 1] : [at(0.01), at(0.99)]
  const code = Uint8Array.from(values, (value) =>
    isNumber(value) ? 1 + Math.round((LEVELS - 1) * Math.min(Math.max((value - low) / (high - low || 1), 0), 1)) : 0)
  const styles = Array.from({ length: LEVELS }, (_, level) => ({ name: "", rgb: viridisAt(level / (LEVELS - 1)), shape: "disc" }))
  const clipped = known.length && by !== "confidence" && (known[0] < low || known.at(-1) > high)
  return finish({ code, styles: [unknownStyle(unknown, theme), ...styles], bar: { low, high, clipped, ...NUMBER_WORDS[by] } })
}

function finish(painting) {
  painting.counts = new Uint32Array(painting.styles.length)
  for (const code of painting.code) painting.counts[code]++
  return painting
}

/** One style for all galaxies, until the colours are loaded. */
export const plainPainting = (n, theme) => finish({ code: new Uint8Array(n), styles: [{ name: "galaxies", rgb: rgbOf(theme.plain), shape: "disc" }], bar: null })

/** Buttons that hide and show names, or a colour bar. */
export function legendOf(painting, hidden, onToggle) {
  const unknown = painting.counts[0] && painting.styles.length > 1 ? [toggle(painting, 0, hidden, onToggle)] : []
  if (painting.bar) return [...colourBar(painting.bar), ...unknown]
  return [...painting.styles.keys()].slice(1).filter((k) => painting.counts[k]).map((k) => toggle(painting, k, hidden, onToggle)).concat(unknown)
}

function toggle({ styles, counts }, k, hidden, onToggle) {
  const button = el("button", { "aria-pressed": String(!hidden.has(k)), "data-code": k, title: `${hidden.has(k) ? "Show" : "Hide"} ${styles[k].name}; with Shift, show only these` },
    swatch(styles[k]), el("span", {}, styles[k].name), el("b", {}, grouped(counts[k])))
  button.onclick = (event) => onToggle(k, event.shiftKey)
  return button
}

const SWATCHES = { disc: "M8 3a5 5 0 1 0 0 10 5 5 0 0 0 0-10z", square: "M3.5 3.5h9v9h-9z", triangle: "M8 2.5l6 11H2z", diamond: "M8 1.5L14.5 8 8 14.5 1.5 8z", cross: "M3 5l2-2 3 3 3-3 2 2-3 3 3 3-2 2-3-3-3 3-2-2 3-3z" }

function swatch({ rgb, shape }) {
  const mark = svgShape("solid", SWATCHES[shape])
  mark.style.color = cssOf(rgb)
  return mark
}

function colourBar({ low, high, clipped, title, digits }) {
  const ramp = VIRIDIS_STEPS.map(cssOf).join(", ")
  const end = (value, sign) => el("span", { class: "num" }, `${clipped ? sign : ""}${value.toFixed(digits)}`)
  return [el("div", { class: "ramp", role: "img", "aria-label": `${title}, from ${low.toFixed(digits)} to ${high.toFixed(digits)}` },
    el("span", { class: "gx-soft" }, title), end(low, "≤ "), el("i", { style: `background: linear-gradient(to right, ${ramp})` }), end(high, "≥ "))]
}
