// Shared by components for choosing a galaxy: selects, request ordering, uploads, and keyboard handling.

import { address, fetchJson, Refused } from "../kit/api.js"
import { el, renew } from "../kit/dom.js"
import { bytes } from "../kit/format.js"

/** @import { UploadedImage } from "../../api/contract.d.ts" */

const MOST_BYTES = 20_000_000

/** Updates the options only if they differ, so that an open list is not disturbed.
 * @param {HTMLSelectElement} select
 * @param {readonly (readonly string[])[]} options pairs of key and words
 * @param {string} value
 */
export function fillSelect(select, options, value) {
  renew(select, options.map(([key, words]) => el("option", { value: key }, words)))
  select.value = value
}

/** @param {DataTransfer | null} transfer */
const imageOf = (transfer) => transfer?.files[0] ?? null

/** Uploads an image; returns its id and notes on its conversion. Throws Refused.
 * @param {File} file
 * @returns {Promise<UploadedImage>}
 */
export function uploadPicture(file) {
  if (file.size > MOST_BYTES) throw new Refused(`${file.name} is too large (${bytes(file.size)}; the limit is ${bytes(MOST_BYTES)}).`)
  return fetchJson(address("/reconstructions/uploads"), {
    method: "POST", body: file, headers: { "Content-Type": file.type || "application/octet-stream" } })
}

/** Whether a key or paste event belongs to a field.
 * @param {Event} event
 */
function isTypingIn(event) {
  const target = event.composedPath()[0]
  if (!(target instanceof HTMLElement)) return false
  return target.isContentEditable || (target.matches("input, textarea, select") && !target.matches("input[type=range]"))
}

/** Runs `work` one job at a time; of the jobs requested meanwhile only the newest is run.
 * @template [Job=void]
 * @param {(job: Job) => unknown} work
 */
export function latestWins(work) {
  let busy = false
  /** @type {{ job: Job } | null} */
  let next = null
  return async function queue(/** @type {Job} */ job) {
    if (busy) return void (next = { job })
    busy = true
    try { await work(job) } finally {
      busy = false
      const waiting = next
      next = null
      if (waiting) queue(waiting.job)
    }
  }
}

/** Passes an image dropped on the component to `take`.
 * @param {HTMLElement} root
 * @param {(file: File | null) => void} take
 */
export function acceptDrops(root, take) {
  root.ondragover = (event) => { event.preventDefault(); root.classList.add("over") }
  root.ondragleave = (event) => { if (!root.contains(/** @type {Node | null} */ (event.relatedTarget))) root.classList.remove("over") }
  root.ondrop = (event) => {
    event.preventDefault()
    root.classList.remove("over")
    take(imageOf(event.dataTransfer))
  }
}

/** Handles keys (unless preceded by g) and pasted images of the whole page.
 * @param {Record<string, () => void>} keys
 * @param {(file: File) => void} take
 */
export function listenToPage(keys, take) {
  const stop = new AbortController()
  let pressedG = 0
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTypingIn(event)) return
    if (keys[event.key] && Date.now() - pressedG > 1500) { event.preventDefault(); keys[event.key]() }
    pressedG = event.key === "g" ? Date.now() : 0
  }, stop)
  document.addEventListener("paste", (event) => {
    const file = imageOf(event.clipboardData)
    if (file && !isTypingIn(event)) take(file)
  }, stop)
  return () => stop.abort()
}

/** A function that says whether a response is still current: nothing newer has been requested or chosen.
 * @param {{ ticket: number, left: boolean }} state
 */
export function ticketOf(state) {
  const mine = ++state.ticket
  return () => mine === state.ticket && !state.left
}
