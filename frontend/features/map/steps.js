// The map over the checkpoints of a run: a slider, and an animation between checkpoints.

import { el, exists } from "../../ui/kit/dom.js"
import { grouped } from "../../ui/kit/format.js"
import { wantFrame } from "./draw.js"
import { hasPoints, makeField } from "./field.js"
import { change } from "./galaxy_map.js"

/** @import { MapState, Pane } from "./state.d.ts" */

const MOVE_MS = 450

/** The current request: the map of the page, or another checkpoint aligned to it. @param {Pane} pane */
export function queryNow({ source: { query, steps }, map }) {
  const step = steps ? map.view.step : null
  return exists(step) && String(step) !== query.checkpoint ? { ...query, checkpoint: String(step), aligned: query.checkpoint } : query
}

/** The slider affects only the first map. @param {Pane} pane */
export const stepNow = ({ source: { query, steps }, map }) => (steps && map.view.step) ?? Number(query.checkpoint)

/** @param {MapState} state */
export function drawSteps(state) {
  const { steps } = state.data
  state.steps.hidden = steps.length < 2
  if (steps.length < 2) return
  const now = stepNow(state.panes[0]), at = steps.indexOf(now), words = `step ${grouped(now)}`
  const input = state.steps.querySelector("input")
  if (input?.max === String(steps.length - 1)) {
    input.value = String(at)
    input.setAttribute("aria-valuetext", words)
    input.nextElementSibling?.replaceChildren(words)
    return
  }
  const slider = el("input", { type: "range", min: 0, max: steps.length - 1, step: 1, value: at, "aria-label": "Checkpoint", "aria-valuetext": words })
  slider.oninput = () => change(state, { step: state.data.steps[Number(slider.value)] })
  state.steps.replaceChildren(el("span", { class: "gx-soft" }, "Checkpoint"), slider, el("output", {}, words))
}

/** Animates the points to the next checkpoint; without animation for reduced motion. @param {Pane} pane @param {Float32Array} flat */
export function moveTo(pane, flat) {
  const from = pane.flat
  pane.flat = flat
  if (!from || from.length !== flat.length || matchMedia("(prefers-reduced-motion: reduce)").matches) {
    pane.field = makeField(flat)
    return wantFrame(pane)
  }
  pane.moving = { from: pane.shownFlat ?? from, to: flat, since: performance.now() }
  wantFrame(pane)
}

/** Updates the points during an animation; hit tests use the final positions. @param {Pane} pane */
export function stepMotion(pane) {
  const { moving } = pane
  if (!moving || !hasPoints(pane)) return
  const share = Math.min((performance.now() - moving.since) / MOVE_MS, 1), eased = share * share * (3 - 2 * share)
  const n = moving.to.length / 2
  if (share === 1) {
    Object.assign(pane, { moving: null, shownFlat: null, field: makeField(moving.to) })
    return
  }
  const flat = (pane.shownFlat ??= new Float32Array(2 * n))
  if (flat === moving.from) moving.from = flat.slice()
  for (let k = 0; k < 2 * n; k++) flat[k] = moving.from[k] + eased * (moving.to[k] - moving.from[k])
  pane.field = { ...pane.field, x: flat.subarray(0, n), y: flat.subarray(n) }
  requestAnimationFrame(() => wantFrame(pane))
}
