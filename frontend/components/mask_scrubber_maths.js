// Masks as arithmetic: which patches are hidden at a ratio, from the ranks that the server sends.

/** round-half-up(length · ratio), with the ratio in parts of a million: shared/configs.py. */
function removedPatches(length, ratio) {
  return Math.floor((length * Math.round(ratio * 1e6) + 500000) / 1e6)
}

/** 1 where a patch is hidden: the highest ranks vanish first. */
function maskAtRatio(ranks, ratio) {
  const kept = ranks.length - removedPatches(ranks.length, ratio)
  return Uint8Array.from(ranks, (rank) => (rank >= kept ? 1 : 0))
}

function maskOfHidden(hidden, length) {
  const mask = new Uint8Array(length)
  hidden.forEach((patch) => { if (patch < length) mask[patch] = 1 })
  return mask
}

function maskOfKept(kept, length) {
  const mask = new Uint8Array(length).fill(1)
  kept.forEach((patch) => { mask[patch] = 0 })
  return mask
}

function hiddenOf(mask) {
  return Array.from(mask.keys()).filter((patch) => mask[patch])
}

function countHidden(mask) {
  return mask.reduce((sum, hidden) => sum + hidden, 0)
}

/** The frame of a sprite that stands for a ratio: the nearest that hides every patch hidden here, so that
 * none is shown as it was predicted while the model still saw it. */
function frameFor(ratios, ratio) {
  const found = ratios.findIndex((held) => held >= ratio - 1e-9)
  return found < 0 ? ratios.length - 1 : found
}

/** The ratio of `change` patches more hidden than now. */
function ratioByPatches(length, ratio, change) {
  const removed = Math.min(Math.max(removedPatches(length, ratio) + change, 0), length)
  return Math.round(1e4 * removed / length) / 1e4
}
