// Mask arithmetic: which patches are hidden at a ratio, from the ranks sent by the server.

/** round-half-up(length · ratio), with the ratio in parts per million, as in shared/configs. */
export function removedPatches(length, ratio) {
  return Math.floor((length * Math.round(ratio * 1e6) + 500000) / 1e6)
}

/** 1 for hidden patches; the highest ranks are hidden first. */
export function maskAtRatio(ranks, ratio) {
  const kept = ranks.length - removedPatches(ranks.length, ratio)
  return Uint8Array.from(ranks, (rank) => (rank >= kept ? 1 : 0))
}

export function maskOfHidden(hidden, length) {
  const mask = new Uint8Array(length)
  hidden.forEach((patch) => { if (patch < length) mask[patch] = 1 })
  return mask
}

export function maskOfKept(kept, length) {
  const mask = new Uint8Array(length).fill(1)
  kept.forEach((patch) => { mask[patch] = 0 })
  return mask
}

export function hiddenOf(mask) {
  return Array.from(mask.keys()).filter((patch) => mask[patch])
}

export function countHidden(mask) {
  return mask.reduce((sum, hidden) => sum + hidden, 0)
}

/** The frame of a ladder for a ratio: the nearest one in which all patches hidden here are hidden too, so that none is
 * shown as predicted while visible. */
export function frameFor(ratios, ratio) {
  const found = ratios.findIndex((held) => held >= ratio - 1e-9)
  return found < 0 ? ratios.length - 1 : found
}

/** The ratio with `change` more hidden patches. */
export function ratioByPatches(length, ratio, change) {
  const removed = Math.min(Math.max(removedPatches(length, ratio) + change, 0), length)
  return Math.round(1e4 * removed / length) / 1e4
}
