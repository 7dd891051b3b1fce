// Shared by components for choosing a galaxy: selects, request ordering, uploads, and keyboard handling.

import { ask, Refused } from "../kit/api.js"
import { el, renew } from "../kit/dom.js"
import { bytes } from "../kit/format.js"

const MOST_BYTES = 20_000_000

export const datasetPath = (name) => `/datasets/${encodeURIComponent(name)}`

/** Updates the options only if they differ, so that an open list is not disturbed. */
export function fillSelect(select, options, value) {
  renew(select, options.map(([key, words]) => el("option", { value: key }, words)))
  select.value = value
}

function imageOf(transfer) {
  return [...(transfer?.files ?? [])][0] ?? null
}

/** Uploads an image; returns its id and notes on its conversion. Throws Refused. */
export function uploadPicture(file) {
  if (file.size > MOST_BYTES) throw new Refused(`${file.name} is too large (${bytes(file.size)}; the limit is ${bytes(MOST_BYTES)}).`)
  return ask("/reconstructions/uploads", {
    method: "POST", body: file, headers: { "Content-Type": file.type || "application/octet-stream" } })
}

/** Whether a key or paste event belongs to a field. */
function isTypingIn(event) {
  const target = event.composedPath()[0]
  return target.isContentEditable || (["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName) && target.type !== "range")
}

/** Runs `work` one job at a time; of the jobs requested meanwhile only the newest is run. */
export function latestWins(work) {
  let busy = false
  let next = null
  return async function queue(job) {
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

/** Passes an image dropped on the component to `take`. */
export function acceptDrops(root, take) {
  root.ondragover = (event) => { event.preventDefault(); root.classList.add("over") }
  root.ondragleave = (event) => { if (!root.contains(event.relatedTarget)) root.classList.remove("over") }
  root.ondrop = (event) => {
    event.preventDefault()
    root.classList.remove("over")
    take(imageOf(event.dataTransfer))
  }
}

/** Handles keys (unless preceded by g) and pasted images of the whole page. */
export function listenToPage(keys, take) {
  let pressedG = 0
  const onKey = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTypingIn(event)) return
    if (keys[event.key] && Date.now() - pressedG > 1500) { event.preventDefault(); keys[event.key]() }
    pressedG = event.key === "g" ? Date.now() : 0
  }
  const onPaste = (event) => {
    const file = imageOf(event.clipboardData)
    if (file && !isTypingIn(event)) take(file)
  }
  document.addEventListener("keydown", onKey)
  document.addEventListener("paste", onPaste)
  return () => {
    document.removeEventListener("keydown", onKey)
    document.removeEventListener("paste", onPaste)
  }
}

/** A function that says whether a response is still current: nothing newer has been requested or chosen. */
export function ticketOf(state) {
  const mine = ++state.ticket
  return () => mine === state.ticket && !state.left
}
