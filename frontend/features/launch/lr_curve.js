// The learning rate over epochs, with warm-up and peak.

import { makeStore } from "../../ui/kit/component.js"
import { el } from "../../ui/kit/dom.js"

const lrCurves = makeStore()
const HEIGHT = 168
const LETTER = 6.4 // approximate width of a letter of the label
const MARGIN = { top: 22, right: 14, bottom: 34, left: 62 }

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".gx-lr_curve")
  const state = lrCurves(parentElement, () => build(root))
  root.classList.toggle("stale", !data)
  if (data) state.data = data
  draw(state)
  return () => state.resize.disconnect()
}

function build(root) {
  const state = { root, data: null }
  state.resize = new ResizeObserver(() => draw(state))
  state.resize.observe(root)
  return state
}

function draw(state) {
  const width = state.root.clientWidth
  const drawn = JSON.stringify([width, state.data])
  if (!width || drawn === state.drawn) return
  state.drawn = drawn
  if (!state.data) return void state.root.replaceChildren(el("p", { class: "gx-soft" }, "The schedule appears once all fields are valid."))
  state.root.replaceChildren(chart(state.data, width))
}

function svg(tag, props, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag)
  for (const [key, value] of Object.entries(props)) node.setAttribute(key, value)
  node.append(...children.flat(Infinity))
  return node
}

function chart({ epochs, warmup, peak, last, points }, width) {
  const x = (epoch) => MARGIN.left + (epoch / epochs) * (width - MARGIN.left - MARGIN.right)
  const y = (lr) => HEIGHT - MARGIN.bottom - (lr / peak) * (HEIGHT - MARGIN.top - MARGIN.bottom)
  const words = `Learning rate: from 0 to ${short(peak)} over ${short(warmup)} epochs, then a cosine to ${short(last)} at epoch ${epochs}`
  const line = points.map(([epoch, lr], i) => `${i ? "L" : "M"}${x(epoch).toFixed(1)} ${y(lr).toFixed(1)}`).join("")
  const name = `peak ${short(peak)}${warmup ? `, warm-up ${short(warmup)} ${warmup === 1 ? "epoch" : "epochs"}` : ""}`
  const nameLeft = Math.min(x(warmup) + 8, width - MARGIN.right - LETTER * name.length)
  return svg("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, role: "img", "aria-label": words },
    warmup ? svg("rect", { class: "warmup", x: x(0), y: MARGIN.top, width: x(warmup) - x(0), height: y(0) - MARGIN.top }) : [],
    yTicks(peak).map((value) => [
      svg("line", { class: "grid", x1: x(0), x2: x(epochs), y1: y(value), y2: y(value) }),
      label(short(value), x(0) - 8, y(value) + 4, "end")]),
    xTicks(epochs, width).map((value) => label(short(value), x(value), HEIGHT - MARGIN.bottom + 16, "middle")),
    label("epoch", x(epochs), HEIGHT - 4, "end"), label("lr", x(0) - 8, 12, "end"),
    svg("path", { class: "curve", d: line }),
    svg("circle", { class: "peak", cx: x(warmup), cy: y(peak), r: 3 }),
    label(name, nameLeft, MARGIN.top - 8, "start", "name"))
}

function label(text, x, y, anchor, kind = "tick") {
  return svg("text", { class: kind, x, y, "text-anchor": anchor }, text)
}

const short = (value) => {
  if (value !== 0 && Math.abs(value) < 1e-3) return value.toExponential(2).replace(/\.?0+e/, "e")
  return String(Number(value.toPrecision(3)))
}

const yTicks = (peak) => [0, peak / 2, peak]

/** Evenly spaced whole epochs, as many as fit. */
function xTicks(epochs, width) {
  const room = Math.max(Math.floor((width - MARGIN.left) / 64), 2)
  const raw = epochs / room
  const power = 10 ** Math.floor(Math.log10(raw))
  const step = Math.max([1, 2, 5, 10].map((n) => n * power).find((n) => n >= raw), 1)
  return Array.from({ length: Math.floor(epochs / step) + 1 }, (_, i) => i * step)
}
