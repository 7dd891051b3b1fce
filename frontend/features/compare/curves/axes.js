// Horizontal axes, ticks, and formatting of numbers.

import { exists } from "../../../ui/kit/dom.js"
import { percent } from "../../../ui/kit/format.js"

export const X_AXES = {
  step: { title: "step", of: (held) => held.step },
  epoch: { title: "epoch", of: (held) => held.epoch },
  time: { title: "minutes since the first point, including pauses", of: (held, _run, _view, start) => held.time.map((t) => (t - start) / 60) },
  images: { title: "training images seen", of: (held, run) => held.step.map((step) => step * run.images) },
  flops: { title: "training FLOPs", of: (held, run, view) => flopsOf(held, run, view) },
}

/** Null if unknown. */
function flopsOf(held, run, view) {
  const before = view.pretraining ? run.before : 0
  return exists(run.flops) && exists(before) ? held.step.map((step) => before + step * run.flops) : null
}

/** About `count` ticks at multiples of 1, 2 or 5 times a power of ten. */
export function roundTicks(low, high, count) {
  const rough = (high - low) / Math.max(count, 1)
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].find((one) => one * power >= rough * 0.999) * power
  const ticks = []
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) ticks.push(Number((i * step).toPrecision(12)))
  return ticks
}

/** Logarithmic ticks between two exponents of ten; linear ticks if they are close. */
export function logTicks(low, high) {
  if (high - low < 0.7) return roundTicks(10 ** low, 10 ** high, 5)
  const factors = high - low > 2.5 ? [1] : high - low > 1.2 ? [1, 2, 5] : [1, 2, 3, 5, 7]
  const ticks = []
  for (let e = Math.floor(low); e <= high; e++) for (const factor of factors) ticks.push(factor * 10 ** e)
  const seen = ticks.filter((value) => Math.log10(value) >= low && Math.log10(value) <= high)
  return seen.length > 1 ? seen : roundTicks(10 ** low, 10 ** high, 4)
}

const PREFIXES = [[1e18, "E"], [1e15, "P"], [1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]]

/** A large number with an SI prefix: 2.5 P. */
export function prefixed(value) {
  const found = PREFIXES.find(([factor]) => Math.abs(value) >= factor)
  return found && Math.abs(value) >= 1e4 ? `${Number((value / found[0]).toPrecision(4))} ${found[1]}` : String(Number(value.toPrecision(6)))
}

export const isShare = (key) => /accuracy|share|macro_f1/.test(key)
export const isLoss = (key) => /loss$/.test(key)
export const riseIsGood = (key) => /accuracy|rankme|macro_f1/.test(key)
const plainNumber = (value) => (value !== 0 && Math.abs(value) < 0.001 ? value.toExponential(2) : Math.abs(value) >= 1e4 ? prefixed(value) : Number(value.toPrecision(4)).toString())
export const valueWords = (key, value) => (isShare(key) ? percent(value) : plainNumber(value))
export const tickWords = (key, value) => (isShare(key) ? `${Number((100 * value).toPrecision(4))} %` : plainNumber(value))
