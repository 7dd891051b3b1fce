// The sentence above the galaxies, and which pages are offered below them.

import { grouped } from "../../ui/kit/format.js"

/** @import { View } from "./shown.js" */

/** How many galaxies of which cell: every other part is bold.
 * @param {View} view
 * @param {number} total
 */
export function cellTitle(view, total) {
  const where = { train: "", test: "test ", val: "validation " }[view.split]
  const confidence = view.min === 0 && view.max === 100 ? "" : `, confidence ${view.min} to ${view.max} %`
  const [of, ...classes] = classWords(view), rest = `${confidence}${view.flagged ? ", flagged as doubtful" : ""}`
  const parts = ["", grouped(total), ` ${where}${total === 1 ? "galaxy" : "galaxies"}${of}`, ...classes]
  return parts.length % 2 ? [...parts.slice(0, -1), parts[parts.length - 1] + rest] : [...parts, rest]
}

/** @param {View} view */
function classWords({ true: name, predicted }) {
  if (name !== null && name === predicted) return [": ", name, ", classified correctly"]
  if (name !== null && predicted !== null) return [": ", name, " classified as ", predicted]
  if (name !== null) return [" of class ", name]
  return predicted === null ? [""] : [" classified as ", predicted]
}

/** The first, the last and those around `page`, at most seven; null for pages left out.
 * @param {number} page
 * @param {number} pages
 */
export function pagesNear(page, pages) {
  if (pages <= 7) return Array.from({ length: pages }, (_, i) => i + 1)
  const middle = Math.min(Math.max(page, 4), pages - 3)
  return [1, middle > 4 ? null : 2, middle - 1, middle, middle + 1, middle < pages - 3 ? null : pages - 1, pages]
}
