// Colours of numbers.

/** @typedef {number[]} Rgb three numbers of 0 to 255 */

/** @type {readonly Rgb[]} as in backend/ml/explore/drawing.py */
const VIRIDIS = [
  [68, 1, 84], [72, 40, 120], [62, 73, 137], [49, 104, 142], [38, 130, 142],
  [31, 158, 137], [53, 183, 121], [110, 206, 88], [181, 222, 43], [253, 231, 37],
]

/** The colour of a share from 0 to 1 between the stops of a colour map.
 * @param {readonly Rgb[]} stops @param {number} share @returns {Rgb}
 */
export function colourAt(stops, share) {
  const place = share * (stops.length - 1)
  const before = Math.min(Math.floor(place), stops.length - 2)
  return stops[before].map((from, c) => Math.round(from + (place - before) * (stops[before + 1][c] - from)))
}

/** @param {number} share */
export const viridisAt = (share) => colourAt(VIRIDIS, share)

/** @param {string} hex `#rrggbb` @returns {Rgb} */
export const rgbOf = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16))
/** @param {Rgb} rgb */
export const cssOf = (rgb) => `rgb(${rgb.join(" ")})`
export const VIRIDIS_RAMP = `background: linear-gradient(to right, ${VIRIDIS.map(cssOf).join(", ")})`
