// The canvas: points are stamped into one image, with names, axes and marks on top.

import { rgbOf } from "../../ui/charts/colour_maps.js"
import { exists } from "../../ui/kit/dom.js"
import { grouped } from "../../ui/kit/format.js"
import { SHAPES } from "./colours.js"
import { hasPoints, scaleOf, toScreen, writeView } from "./field.js"
import { stepMotion, stepNow } from "./steps.js"

/** @import { Rgb } from "../../ui/charts/colour_maps.js" */
/** @import { Pane, Placed, Shape, Style, Theme } from "./state.d.ts" */
/** @typedef {{ reach: number, steps: Int32Array, shares: Uint16Array }} Stamp the pixels a shape covers, as offsets in the image, and
 *   their coverage out of 256 */
/** @typedef {{ full: Rgb, faint: Rgb, stamp: Stamp }} Brush */

const LABELLED_FROM = 9 // classes; fewer are distinguishable by colour alone
const FAINT = 0.22
/** @type {Record<Shape, (u: number, v: number) => boolean>} */
const INSIDE = {
  disc: (u, v) => u * u + v * v <= 1,
  square: (u, v) => Math.max(Math.abs(u), Math.abs(v)) <= 0.85,
  triangle: (u, v) => v <= 0.8 && Math.abs(u) <= (v + 1.1) * 0.55,
  diamond: (u, v) => Math.abs(u) + Math.abs(v) <= 1.15,
  cross: (u, v) => Math.abs(Math.abs(u) - Math.abs(v)) <= 0.42 && Math.max(Math.abs(u), Math.abs(v)) <= 0.95,
}
const SAMPLES = [-0.375, -0.125, 0.125, 0.375]

/** @param {Pane} pane */
export function wantFrame(pane) {
  pane.frame ??= requestAnimationFrame(() => { pane.frame = null; paint(pane) })
}

/** The radius of a point in CSS pixels. @param {number} n @param {number} zoom */
function radiusOf(n, zoom) {
  const resting = n > 100_000 ? 0.8 : n > 30_000 ? 1.1 : n > 8_000 ? 1.7 : n > 1_500 ? 2.4 : 3.6
  return resting * Math.min(Math.max(zoom, 1) ** 0.35, 3.2)
}

/** @param {Shape} shape @param {number} radius @param {number} width */
function stampOf(shape, radius, width) {
  const reach = Math.ceil(radius), steps = [], shares = []
  for (let dy = -reach; dy <= reach; dy++) {
    for (let dx = -reach; dx <= reach; dx++) {
      let share = 0
      for (const a of SAMPLES) for (const b of SAMPLES) if (INSIDE[shape]((dx + a) / radius, (dy + b) / radius)) share += 16
      if (share) { steps.push(dy * width + dx); shares.push(share) }
    }
  }
  return { reach, steps: Int32Array.from(steps), shares: Uint16Array.from(shares) }
}

/** @param {Pane} pane */
function paint(pane) {
  const since = performance.now()
  stepMotion(pane)
  const { canvas, size, map: { painting } } = pane
  if (!hasPoints(pane) || !size?.width || painting.code.length !== pane.field.n) return
  const dense = Math.min(window.devicePixelRatio || 1, 2)
  const [width, height] = [Math.round(size.width * dense), Math.round(size.height * dense)]
  if (canvas.width !== width || canvas.height !== height || !pane.image) {
    Object.assign(canvas, { width, height })
    pane.image = new ImageData(width, height)
  }
  const pen = (pane.pen ??= /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { alpha: false })))
  const drawn = paintPoints(pane, dense)
  pen.setTransform(1, 0, 0, 1, 0, 0)
  pen.putImageData(pane.image, 0, 0)
  pen.setTransform(dense, 0, 0, dense, 0, 0)
  paintAxes(pane, pen)
  paintNamesAtMedians(pane, pen)
  paintMarks(pane, pen)
  pane.frames = (pane.frames ?? 0) + 1
  Object.assign(canvas.dataset, { drawn, view: writeView(pane.view), frames: pane.frames, ms: (performance.now() - since).toFixed(1) })
}

/** @param {Rgb} rgb */
const packed = ([r, g, b]) => (255 << 24 | b << 16 | g << 8 | r) >>> 0

/** Draws unknown values first and the selection last, otherwise in the order of the dataset, so that no class covers
 * another systematically. Returns the number of points drawn.
 * @param {Placed} pane
 * @param {number} dense
 */
function paintPoints(pane, dense) {
  const { field, view, image, home, map: { painting, chosen, theme } } = pane
  const pixels = new Uint32Array(image.data.buffer), ground = rgbOf(theme.ground)
  pixels.fill(packed(ground))
  const radius = radiusOf(field.n, home.w / view.w) * dense
  const stamps = Object.fromEntries(SHAPES.map((shape) => [shape, stampOf(shape, shape === "disc" ? radius : 1.2 * radius, image.width)]))
  const brushes = painting.styles.map(({ rgb, shape }) => ({ full: rgb, faint: rgb.map((value, c) => value * FAINT + ground[c] * (1 - FAINT)), stamp: stamps[shape] }))
  /** @type {[known: number, chosen: boolean | null][]} */
  const passes = chosen ? [[0, false], [1, false], [0, true], [1, true]] : [[0, null], [1, null]]
  let drawn = 0
  for (const [known, chosenOnly] of passes) drawn += paintPass(pane, pixels, dense, brushes, known, chosenOnly)
  return drawn
}

/**
 * @param {Placed} pane
 * @param {Uint32Array} pixels
 * @param {number} dense
 * @param {Brush[]} brushes
 * @param {number} known
 * @param {boolean | null} chosenOnly
 */
function paintPass({ field: { n, x, y }, view, size, image: { width, height }, map: { painting: { code }, hidden, isChosen } }, pixels, dense, brushes, known, chosenOnly) {
  const scale = scaleOf(view, size) * dense, left = width / 2 - view.x * scale, top = height / 2 + view.y * scale
  const shown = Uint8Array.from(brushes, (_, k) => Number(!hidden.has(k) && Number(k > 0) === known))
  const colours = brushes.map(({ full, faint }) => (chosenOnly === false ? faint : full))
  const words = Uint32Array.from(colours, packed)
  let drawn = 0
  for (let i = 0; i < n; i++) {
    const k = code[i]
    if (!shown[k] || (chosenOnly !== null && Boolean(isChosen[i]) !== chosenOnly)) continue
    const px = (x[i] * scale + left) | 0, py = (top - y[i] * scale) | 0
    const { reach, steps, shares } = brushes[k].stamp
    if (px < -reach || py < -reach || px >= width + reach || py >= height + reach) continue
    drawn++
    if (px < reach || py < reach || px >= width - reach || py >= height - reach) continue
    const at = py * width + px, [r, g, b] = colours[k], word = words[k]
    for (let s = 0; s < steps.length; s++) {
      const share = shares[s], here = at + steps[s]
      if (share === 256) { pixels[here] = word; continue }
      const old = pixels[here], rest = 256 - share
      pixels[here] = (255 << 24 | ((b * share + (old >> 16 & 255) * rest) >> 8) << 16 | ((g * share + (old >> 8 & 255) * rest) >> 8) << 8 | (r * share + (old & 255) * rest) >> 8) >>> 0
    }
  }
  return drawn
}

/** Axis names; at another checkpoint the axes are those of the map's own, without explained variance. @param {Pane} pane */
function axesNow(pane) {
  const { axes, query } = pane.source
  return stepNow(pane) === Number(query.checkpoint) ? axes : axes?.map((_, k) => `PC ${k + 1} of step ${grouped(Number(query.checkpoint))}`)
}

/** @param {Pane} pane @param {CanvasRenderingContext2D} pen */
function paintAxes(pane, pen) {
  const { size, map: { theme } } = pane, axes = axesNow(pane)
  if (!axes) return
  Object.assign(pen, { font: `11px ${theme.font}`, fillStyle: theme.soft, strokeStyle: theme.ground, lineWidth: 4, lineJoin: "round", textAlign: "right", textBaseline: "alphabetic" })
  const write = (/** @type {string} */ text, /** @type {number} */ px, /** @type {number} */ py) => { pen.strokeText(text, px, py); pen.fillText(text, px, py) }
  write(`${axes[0]} →`, size.width - 8, size.height - 8)
  pen.save()
  pen.translate(14, 8)
  pen.rotate(-Math.PI / 2)
  write(`${axes[1]} →`, 0, 0)
  pen.restore()
  pen.textAlign = "left"
}

/** With more classes than colours, labels each class at the median of its points; overlapping labels move down and get a
 * leader line.
 * @param {Placed} pane
 * @param {CanvasRenderingContext2D} pen
 */
function paintNamesAtMedians(pane, pen) {
  const { view, size, map: { painting, hidden, theme } } = pane
  if (painting.bar || painting.styles.length - 1 < LABELLED_FROM) return
  Object.assign(pen, { font: `600 12px ${theme.font}`, textAlign: "center", textBaseline: "middle", lineJoin: "round" })
  /** @type {{ px: number, py: number, half: number }[]} */
  const placed = []
  for (const { k, x, y } of mediansOf(pane)) {
    if (hidden.has(k)) continue
    const [px, py] = toScreen(view, size, x, y), half = pen.measureText(painting.styles[k].name).width / 2 + 3
    let at = py
    while (placed.some((one) => Math.abs(one.py - at) < 15 && Math.abs(one.px - px) < one.half + half)) at += 15
    placed.push({ px, py: at, half })
    nameAt(pen, theme, painting.styles[k], px, py, at)
  }
  Object.assign(pen, { textAlign: "left", textBaseline: "alphabetic" })
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {Theme} theme
 * @param {Style} style
 * @param {number} px
 * @param {number} py
 * @param {number} at
 */
function nameAt(pen, theme, { name }, px, py, at) {
  if (at !== py) {
    Object.assign(pen, { strokeStyle: theme.soft, lineWidth: 1 })
    pen.beginPath()
    pen.moveTo(px, py)
    pen.lineTo(px, at - 8)
    pen.stroke()
  }
  Object.assign(pen, { strokeStyle: theme.ground, lineWidth: 4, fillStyle: theme.text })
  pen.strokeText(name, px, at)
  pen.fillText(name, px, at)
}

/** The median position of each class, largest class first, cached for points and colours. @param {Placed} pane */
function mediansOf(pane) {
  const { field, map: { painting } } = pane
  if (pane.mediansOf === field && pane.mediansBy === painting) return pane.medians
  /** @type {[xs: number[], ys: number[]][]} */
  const groups = painting.styles.map(() => [[], []])
  for (let i = 0; i < field.n; i++) {
    const group = groups[painting.code[i]]
    group[0].push(field.x[i])
    group[1].push(field.y[i])
  }
  const middle = (/** @type {number[]} */ values) => Float32Array.from(values).sort()[values.length >> 1]
  Object.assign(pane, { mediansOf: field, mediansBy: painting })
  pane.medians = groups.map(([xs, ys], k) => ({ k, n: xs.length, x: middle(xs), y: middle(ys) }))
    .filter(({ k, n }) => k && n).sort((a, b) => b.n - a.n)
  return pane.medians
}

/** @param {Placed} pane @param {CanvasRenderingContext2D} pen */
function paintMarks(pane, pen) {
  const { field, view, size, line, map: { theme, view: settings, at } } = pane
  const ring = (/** @type {number} */ i, /** @type {number} */ radius, /** @type {number} */ width) => {
    const [px, py] = toScreen(view, size, field.x[i], field.y[i])
    for (const [style, thick] of /** @type {const} */ ([[theme.ground, width + 2], [theme.text, width]])) {
      Object.assign(pen, { strokeStyle: style, lineWidth: thick })
      pen.beginPath()
      pen.arc(px, py, radius, 0, 2 * Math.PI)
      pen.stroke()
    }
  }
  if (exists(settings.galaxy) && settings.galaxy < field.n) ring(settings.galaxy, 9, 2.5)
  if (at >= 0 && at < field.n) ring(at, 7, 1.5)
  if (!line || line.length < 4) return
  Object.assign(pen, { strokeStyle: theme.text, lineWidth: 1.5, fillStyle: theme.veil })
  pen.beginPath()
  for (let k = 0; k < line.length; k += 2) {
    const [px, py] = toScreen(view, size, line[k], line[k + 1])
    pen.lineTo(px, py)
  }
  pen.closePath()
  pen.setLineDash([5, 4])
  pen.fill()
  pen.stroke()
  pen.setLineDash([])
}
