// What a browser keeps for a tab or for good, as JSON. Where storage is disabled or full, nothing is kept.

/** @typedef {"localStorage" | "sessionStorage"} Place */

/** The value kept under a key; `fallback` if there is none, or it cannot be read.
 * @template T
 * @param {string} key @param {T} fallback @param {Place} [place]
 * @returns {T}
 */
export function recall(key, fallback, place = "sessionStorage") {
  try {
    const text = globalThis[place].getItem(key)
    return text === null ? fallback : JSON.parse(text)
  } catch {
    return fallback
  }
}

/** Keeps a value; false if it could not be kept. @param {string} key @param {unknown} value @param {Place} [place] */
export function remember(key, value, place = "sessionStorage") {
  try {
    globalThis[place].setItem(key, JSON.stringify(value))
    return true
  } catch {
    return false
  }
}
