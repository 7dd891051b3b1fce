// The equal-area Mollweide projection with right ascension increasing to the left, and its grid.

/** @import { SkyMap } from "../../../api/contract.d.ts" */

/** @typedef {[x: number, y: number]} Point */
/** @typedef {[low: number, high: number]} Range */
/** @typedef {Pick<SkyMap, "ra" | "dec">} Positions in degrees */
/** @typedef {{ kind: "ra" | "dec", value: number, points: Point[] }} GridLine */

/** A point of the projection is at (x + scale·px, y − scale·py) on the screen; `centre` is the central right ascension,
 * `step`, `ra` and `dec` are the spacing and the ranges of grid lines.
 * @typedef {{ centre: number, scale: number, x: number, y: number, step: number, ra: Range, dec: Range, close: boolean }} View
 */

const RAD = Math.PI / 180
export const ROOT2 = Math.SQRT2
const SKY_STEPS = [30, 15, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02]
const FINEST_STEP = 0.01

/** Degrees to [0, 360).
 * @param {number} angle
 */
const positive = (angle) => ((angle % 360) + 360) % 360

/** Degrees to [-180, 180).
 * @param {number} angle
 */
const wrapDegrees = (angle) => positive(angle + 180) - 180

/** @param {number[]} values @returns {Range} */
const rangeOf = (values) => values.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [Infinity, -Infinity])

/** x within ±2√2 and y within ±√2, north up.
 * @param {number} ra
 * @param {number} dec
 * @param {number} centre
 * @returns {Point}
 */
export function mollweide(ra, dec, centre) {
  const wanted = Math.PI * Math.sin(dec * RAD)
  let theta = dec * RAD
  for (let i = 0; i < 12 && Math.abs(dec) < 89.99; i++) {
    const step = (2 * theta + Math.sin(2 * theta) - wanted) / (2 + 2 * Math.cos(2 * theta))
    theta -= step
    if (Math.abs(step) < 1e-9) break
  }
  return [(-2 * ROOT2 * wrapDegrees(ra - centre)) / 180 * Math.cos(theta), ROOT2 * Math.sin(theta)]
}

/** The circular mean of right ascensions.
 * @param {number[]} ra
 */
function middleRa(ra) {
  let east = 0, north = 0
  for (const angle of ra) { east += Math.sin(angle * RAD); north += Math.cos(angle * RAD) }
  return positive(Math.atan2(east, north) / RAD)
}

/** @param {number} width @param {number} height @returns {View} */
export function wholeSky(width, height) {
  const scale = Math.min((width - 4) / (4 * ROOT2), (height - 4) / (2 * ROOT2))
  return { centre: 180, scale, x: width / 2, y: height / 2, step: 30, ra: [0, 360], dec: [-90, 90], close: false }
}

/** A view of the galaxies with a margin; at least 0.2°.
 * @param {Positions} sky
 * @param {number} width
 * @param {number} height
 * @returns {View}
 */
export function closeView(sky, width, height) {
  const centre = middleRa(sky.ra)
  const points = sky.ra.map((ra, i) => mollweide(ra, sky.dec[i], centre))
  const box = /** @type {const} */ ([0, 1]).map((axis) => rangeOf(points.map((point) => point[axis])))
  const [wide, high] = box.map(([low, top]) => Math.max(top - low, 0.2 * RAD))
  const scale = Math.min((0.86 * width) / wide, (0.8 * height) / high, 1e5)
  const [mx, my] = box.map(([low, top]) => (low + top) / 2)
  const tall = (height / scale / (2 * ROOT2)) * 180
  const step = SKY_STEPS.find((one) => tall / one >= 3) ?? FINEST_STEP
  return { centre, scale, x: width / 2 - scale * mx, y: height / 2 + scale * my, step, close: true, ...visible(sky, centre, tall, step, width / height) }
}

/** The ranges of grid lines around the galaxies, in multiples of the step.
 * @param {Positions} sky
 * @param {number} centre
 * @param {number} tall
 * @param {number} step
 * @param {number} aspect
 * @returns {{ ra: Range, dec: Range }}
 */
function visible(sky, centre, tall, step, aspect) {
  const round = (/** @type {number} */ value) => Math.round(value / step) * step
  const dec = rangeOf(sky.dec)
  const away = sky.ra.reduce((most, ra) => Math.max(most, Math.abs(wrapDegrees(ra - centre))), 0)
  const farthest = Math.min(Math.max(Math.abs(dec[0]), Math.abs(dec[1])), 85)
  const across = Math.min(away + (tall * aspect) / Math.cos(farthest * RAD), 180)
  return { ra: [round(centre - across), round(centre + across)], dec: [Math.max(round(dec[0] - tall), -90), Math.min(round(dec[1] + tall), 90)] }
}

/** @param {View} view @param {Point} point @returns {Point} */
export const onScreen = (view, [px, py]) => [view.x + view.scale * px, view.y - view.scale * py]

/** Grid lines; those of right ascension stop just short of 180° from the centre.
 * @param {View} view
 */
export function graticule(view) {
  /** @type {GridLine[]} */
  const lines = []
  const span = (/** @type {Range} */ [from, to], count = 72) => Array.from({ length: count + 1 }, (_, i) => from + ((to - from) * i) / count)
  const at = (/** @type {number} */ ra, /** @type {number} */ dec) => onScreen(view, mollweide(ra, dec, view.centre))
  const [west, east] = [Math.max(view.ra[0], view.centre - 180), Math.min(view.ra[1], view.centre + 180)]
  for (let i = Math.ceil(view.dec[0] / view.step); i * view.step <= view.dec[1]; i++) {
    const dec = i * view.step
    if (Math.abs(dec) < 90) lines.push({ kind: "dec", value: dec, points: span([west + 1e-6, east - 1e-6]).map((ra) => at(ra, dec)) })
  }
  const ends = /** @type {Range} */ ([Math.max(view.dec[0], -89.9), Math.min(view.dec[1], 89.9)])
  for (let i = Math.ceil(west / view.step); i * view.step <= east; i++) {
    const ra = i * view.step, inside = Math.min(Math.max(ra, view.centre - 180 + 1e-6), view.centre + 180 - 1e-6)
    lines.push({ kind: "ra", value: positive(ra), points: span(ends).map((dec) => at(inside, dec)) })
  }
  return lines
}

/** The Galactic plane as screen points (pole at 192.859°, 27.128°; l of the celestial pole 122.932°).
 * @param {View} view
 */
export function galacticPlane(view) {
  const pole = 27.12825 * RAD
  return Array.from({ length: 361 }, (_, l) => {
    const angle = (122.93192 - l) * RAD
    const dec = Math.asin(Math.cos(pole) * Math.cos(angle)) / RAD
    const ra = 192.85948 + Math.atan2(Math.sin(angle), -Math.sin(pole) * Math.cos(angle)) / RAD
    return onScreen(view, mollweide(ra, dec, view.centre))
  })
}
