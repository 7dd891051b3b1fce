// The style of a value: a colour, and a shape if there are more classes than colours.

import { cssOf, rgbOf, viridisAt, VIRIDIS_RAMP } from "../../ui/charts/colour_maps.js"
import { el, svgShape } from "../../ui/kit/dom.js"
import { clamp, grouped, isNumber } from "../../ui/kit/format.js"

/** @import { ColourBy, Colours } from "../../api/contract.d.ts" */
/** @import { Bar, Painting, Shape, Style, Theme } from "./state.d.ts" */

const LEVELS = 64
/** @type {readonly Shape[]} */
export const SHAPES = ["disc", "square", "triangle", "diamond", "cross"]
/** @type {Record<string, { title: string, digits: number }>} */
export const NUMBER_WORDS = { redshift: { title: "Redshift z", digits: 3 }, confidence: { title: "Confidence (probability of the predicted class)", digits: 2 } }

/** @param {Colours} column @param {Theme} theme */
export function paintingOf(column, theme) {
  return column.names.length ? paintNames(column, theme) : paintNumbers(column, theme)
}

/** @param {Colours} column @param {Theme} theme */
function paintNames({ by, names, values, unknown }, theme) {
  const code = Uint8Array.from(values, (value) => (value ?? -1) + 1)
  /** @type {Style[]} */
  const styles = names.map((name, k) => ({ name, rgb: by === "rating" ? viridisAt(k / (names.length - 1)) : rgbOf(theme.series[colourIndex(by, k)]), shape: shapeOf(by, k) }))
  return finish({ code, styles: [unknownStyle(unknown, theme), ...styles], bar: null })
}

/** Correct and wrong predictions and flagged labels also differ in shape; ratings are sequential. @param {ColourBy} by @param {number} k */
const colourIndex = (by, k) => (by === "right" ? [4, 1][k] : by === "flagged" ? 4 : k % 8)
/** @param {ColourBy} by @param {number} k @returns {Shape} */
const shapeOf = (by, k) => (by === "flagged" || (by === "right" && !k) ? "cross" : by === "right" ? "disc" : SHAPES[Math.floor(k / 8) % SHAPES.length])
/** @param {string} name @param {Theme} theme @returns {Style} */
const unknownStyle = (name, theme) => ({ name, rgb: rgbOf(theme.unknown), shape: "disc" })

/** @param {Colours} column @param {Theme} theme */
function paintNumbers({ by, values, unknown }, theme) {
  const known = Float64Array.from(values.filter(isNumber)).sort()
  const at = (/** @type {number} */ share) => known[Math.round(share * (known.length - 1))]
  const [low, high] = by === "confidence" ? [at(0), 1] : [at(0.01), at(0.99)]
  const code = Uint8Array.from(values, (value) =>
    isNumber(value) ? 1 + Math.round((LEVELS - 1) * clamp((value - low) / (high - low || 1), 0, 1)) : 0)
  /** @type {Style[]} */
  const styles = Array.from({ length: LEVELS }, (_, level) => ({ name: "", rgb: viridisAt(level / (LEVELS - 1)), shape: "disc" }))
  const clipped = by !== "confidence" && (known[0] < low || known[known.length - 1] > high)
  return finish({ code, styles: [unknownStyle(unknown, theme), ...styles], bar: { low, high, clipped, ...NUMBER_WORDS[by] } })
}

/** @param {Omit<Painting, "counts">} painting */
function finish(painting) {
  const counts = new Uint32Array(painting.styles.length)
  for (const code of painting.code) counts[code]++
  return { ...painting, counts }
}

/** One style for all galaxies, until the colours are loaded. @param {number} n @param {Theme} theme */
export const plainPainting = (n, theme) => finish({ code: new Uint8Array(n), styles: [{ name: "galaxies", rgb: rgbOf(theme.plain), shape: "disc" }], bar: null })

/** Buttons that hide and show names, or a colour bar.
 * @param {Painting} painting
 * @param {Set<number>} hidden
 * @param {(code: number, alone: boolean) => void} onToggle
 */
export function legendOf(painting, hidden, onToggle) {
  const unknown = painting.counts[0] && painting.styles.length > 1 ? [toggle(painting, 0, hidden, onToggle)] : []
  if (painting.bar) return [...colourBar(painting.bar), ...unknown]
  return [...painting.styles.keys()].slice(1).filter((k) => painting.counts[k]).map((k) => toggle(painting, k, hidden, onToggle)).concat(unknown)
}

/** @param {Painting} painting @param {number} k @param {Set<number>} hidden @param {(code: number, alone: boolean) => void} onToggle */
function toggle({ styles, counts }, k, hidden, onToggle) {
  const button = el("button", { "aria-pressed": String(!hidden.has(k)), "data-code": k, title: `${hidden.has(k) ? "Show" : "Hide"} ${styles[k].name}; with Shift, show only these` },
    swatch(styles[k]), el("span", {}, styles[k].name), el("b", {}, grouped(counts[k])))
  button.onclick = (event) => onToggle(k, event.shiftKey)
  return button
}

const SWATCHES = { disc: "M8 3a5 5 0 1 0 0 10 5 5 0 0 0 0-10z", square: "M3.5 3.5h9v9h-9z", triangle: "M8 2.5l6 11H2z", diamond: "M8 1.5L14.5 8 8 14.5 1.5 8z", cross: "M3 5l2-2 3 3 3-3 2 2-3 3 3 3-2 2-3-3-3 3-2-2 3-3z" }

/** @param {Style} style */
function swatch({ rgb, shape }) {
  const mark = svgShape("solid", SWATCHES[shape])
  mark.style.color = cssOf(rgb)
  return mark
}

/** @param {Bar} bar */
function colourBar({ low, high, clipped, title, digits }) {
  const end = (/** @type {number} */ value, /** @type {string} */ sign) => el("span", { class: "num" }, `${clipped ? sign : ""}${value.toFixed(digits)}`)
  return [el("div", { class: "ramp", role: "img", "aria-label": `${title}, from ${low.toFixed(digits)} to ${high.toFixed(digits)}` },
    el("span", { class: "gx-soft" }, title), end(low, "≤ "), el("i", { style: VIRIDIS_RAMP }), end(high, "≥ "))]
}
