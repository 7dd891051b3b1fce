// Mask arithmetic: which patches are hidden at a ratio, from the ranks sent by the server.

import { clamp } from "../../ui/kit/format.js"

/** @import { Mask, Place } from "./state.d.ts" */

/** round-half-up(length · ratio), with the ratio in parts per million, as in shared/configs.
 * @param {number} length
 * @param {number} ratio
 */
export function removedPatches(length, ratio) {
  return Math.floor((length * Math.round(ratio * 1e6) + 500000) / 1e6)
}

/** 1 for hidden patches; the highest ranks are hidden first. @param {ArrayLike<number>} ranks @param {number} ratio */
export function maskAtRatio(ranks, ratio) {
  const kept = ranks.length - removedPatches(ranks.length, ratio)
  return Uint8Array.from(ranks, (rank) => (rank >= kept ? 1 : 0))
}

/** @param {number[]} hidden @param {number} length */
export function maskOfHidden(hidden, length) {
  const mask = new Uint8Array(length)
  hidden.forEach((patch) => { if (patch < length) mask[patch] = 1 })
  return mask
}

/** @param {number[]} kept @param {number} length */
export function maskOfKept(kept, length) {
  const mask = new Uint8Array(length).fill(1)
  kept.forEach((patch) => { mask[patch] = 0 })
  return mask
}

/** @param {Mask} mask */
export function hiddenOf(mask) {
  return Array.from(mask.keys()).filter((patch) => mask[patch])
}

/** @param {Mask} mask */
export function countHidden(mask) {
  return mask.reduce((sum, hidden) => sum + hidden, 0)
}

/** The frame of a ladder for a ratio: the nearest one in which all patches hidden here are hidden too, so that none is
 * shown as predicted while visible.
 * @param {number[]} ratios
 * @param {number} ratio
 */
export function frameFor(ratios, ratio) {
  const found = ratios.findIndex((held) => held >= ratio - 1e-9)
  return found < 0 ? ratios.length - 1 : found
}

/** The patch [row, column] of n × n under a point of a box.
 * @param {{ clientX: number, clientY: number }} point
 * @param {DOMRect} box
 * @param {number} n
 * @returns {Place}
 */
export function patchUnder({ clientX, clientY }, { left, top, width, height }, n) {
  const place = (/** @type {number} */ share) => clamp(Math.floor(n * share), 0, n - 1)
  return [place((clientY - top) / height), place((clientX - left) / width)]
}

/** @type {Record<string, Place>} */
export const PATCH_STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }

/** The neighbour of a patch in a direction; at the edge it is the patch itself.
 * @param {Place} place
 * @param {Place} step
 * @param {number} n
 * @returns {Place}
 */
export const stepPatch = ([row, column], [down, right], n) => [clamp(row + down, 0, n - 1), clamp(column + right, 0, n - 1)]

/** The ratio with `change` more hidden patches. @param {number} length @param {number} ratio @param {number} change */
export function ratioByPatches(length, ratio, change) {
  const removed = clamp(removedPatches(length, ratio) + change, 0, length)
  return Math.round(1e4 * removed / length) / 1e4
}
