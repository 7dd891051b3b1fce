// Round numbers on axes.

/** The smallest of `steps` times a power of ten that is at least `value`, which is positive.
 * @param {number} value
 */
export function roundUp(value, steps = [1, 2, 5, 10]) {
  const power = 10 ** Math.floor(Math.log10(value))
  return (steps.find((one) => one * power >= value) ?? 10) * power
}

/** About `most` round numbers from `low` to `high`.
 * @param {number} low
 * @param {number} high
 */
export function roundTicks(low, high, most = 5) {
  if (!(high > low)) return [low]
  const step = roundUp((high - low) / most), first = Math.ceil(low / step - 1e-9)
  return Array.from({ length: Math.floor(high / step + 1e-9) - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)))
}

/** Powers of ten in the range, else its ends.
 * @param {number} low
 * @param {number} high
 */
export function logTicks(low, high) {
  const first = Math.ceil(Math.log10(low) - 1e-9), last = Math.floor(Math.log10(high) + 1e-9)
  const powers = Array.from({ length: Math.max(last - first + 1, 0) }, (_, i) => 10 ** (first + i))
  return powers.length > 1 ? powers : [low, high]
}

/** The marks that are more than `room(mark, before)` after the mark kept before them.
 * @template Mark
 * @param {Mark[]} marks
 * @param {(mark: Mark) => number} at
 * @param {(mark: Mark, before: Mark) => number} room
 */
export function spaced(marks, at, room) {
  /** @type {Mark[]} */
  const kept = []
  for (const mark of [...marks].sort((one, other) => at(one) - at(other))) {
    const before = kept.at(-1)
    if (before === undefined || at(mark) - at(before) > room(mark, before)) kept.push(mark)
  }
  return kept
}
