// Helpers of small charts: SVG elements, ticks, and non-overlapping labels.

import { exists } from "../kit/dom.js"

export function svg(tag, props, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag)
  for (const [key, value] of Object.entries(props)) if (exists(value)) node.setAttribute(key, value)
  node.append(...children.flat(Infinity).filter((child) => exists(child) && child !== false))
  return node
}

export const tick = (words, x, y, anchor = "middle", kind = "tick") => svg("text", { class: kind, x, y, "text-anchor": anchor }, words)

/** At most six round shares from below `low` to above `high`. */
export function shareTicks(low, high) {
  const step = [0.02, 0.05, 0.1, 0.2, 0.25].find((one) => Math.ceil(high / one) - Math.floor(low / one) <= 5) ?? 0.25
  const first = Math.max(Math.floor(low / step + 1e-9), 0), last = Math.min(Math.ceil(high / step - 1e-9), Math.round(1 / step))
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toFixed(4)))
}

export const inPercent = (share) => `${Number((100 * share).toFixed(1))}`

/** Labels at the right ends of lines, moved apart if they overlap. `ends`: {word, kind, x, y}. */
export function endNames(ends, top, bottom) {
  const placed = [...ends].sort((one, other) => one.y - other.y)
  for (let i = 1; i < placed.length; i++) placed[i].y = Math.max(placed[i].y, placed[i - 1].y + 13)
  const over = placed.length ? Math.max(placed.at(-1).y - bottom, 0) : 0
  return placed.map(({ word, kind, x, y }) => tick(word, x, Math.max(y - over, top) + 4, "start", kind))
}

/** Component state that redraws when width or data change. */
export function chartStore(root, render) {
  const state = { root, data: null, drawn: "" }
  state.draw = () => {
    const width = root.clientWidth
    const drawn = JSON.stringify([width, state.data])
    if (!width || !state.data || drawn === state.drawn) return
    state.drawn = drawn
    root.replaceChildren(...[render(state.data, width)].flat().filter(Boolean))
  }
  state.resize = new ResizeObserver(state.draw)
  state.resize.observe(root)
  return state
}
