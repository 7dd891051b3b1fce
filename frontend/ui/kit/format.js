// Numbers, times and sentences as text.

/** @param {number} seconds */
export function duration(seconds) {
  const s = Math.max(Math.round(seconds), 0)
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0")
  if (s < 60) return `${s} s`
  if (s < 3600) return `${Math.floor(s / 60)} min ${two(s % 60)} s`
  if (s < 86400) return `${Math.floor(s / 3600)} h ${two(Math.floor((s % 3600) / 60))} min`
  return `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`
}

/** @param {string} iso */
export function secondsSince(iso) {
  return (Date.now() - Date.parse(iso)) / 1000
}

/** @param {string} iso */
export function ago(iso) {
  const s = secondsSince(iso)
  if (s < 10) return "just now"
  if (s < 60) return `${Math.floor(s)} s ago`
  if (s < 3600) return `${Math.floor(s / 60)} min ago`
  if (s < 86400) return `${Math.floor(s / 3600)} h ago`
  return `${Math.floor(s / 86400)} d ago`
}

/** @param {number} n */
export const grouped = (n) => Math.round(n).toLocaleString("en-US")

/** At most so many significant digits.
 * @param {number} value
 */
export const digits = (value, most = 3) => String(Number(value.toPrecision(most)))

/** @param {number} n @param {string} word */
export const plural = (n, word) => `${n} ${word}${n === 1 ? "" : "s"}`

/** @param {number} value @param {number} low @param {number} high */
export const clamp = (value, low, high) => Math.min(Math.max(value, low), high)

/** @param {number} share */
export const percent = (share) => `${(100 * share).toFixed(1)} %`

/** @param {unknown} value @returns {value is number} */
export const isNumber = (value) => typeof value === "number" && Number.isFinite(value)

const UNITS = /** @type {const} */ ([[1e9, "GB"], [1e6, "MB"], [1e3, "kB"]])

/** @param {number} n */
export function bytes(n) {
  for (const [factor, unit] of UNITS) {
    if (n >= factor) return `${digits(n / factor)} ${unit}`
  }
  return `${n} B`
}

/** @param {string | null} iso */
export function clockTime(iso) {
  return iso ? new Date(iso).toLocaleString() : ""
}

/** @param {string} text */
export const capitalised = (text) => text.charAt(0).toUpperCase() + text.slice(1)

/** A reason as a sentence: capitalised, unless it starts with the name of a file or field, with a full stop.
 * @param {string} text
 */
export function sentence(text) {
  const whole = /^[a-z]+(-[a-z]+)*[ ,:;]/.test(text) ? capitalised(text) : text
  return /[.!?…]$/.test(whole) ? whole : `${whole}.`
}
