// Saving the panels with their figures as PNG, or an animation over all mask ratios.

import { address, fetchFile } from "../../ui/kit/api.js"
import { el, exists } from "../../ui/kit/dom.js"
import { problemWords } from "../../ui/kit/problems.js"
import { exactRequest, ladderRequest, sidesOf } from "./net.js"
import { field } from "./words.js"

/** @import { State } from "./state.d.ts" */

/** @param {State} state */
export function buildSave(state) {
  const button = (/** @type {string} */ words, /** @type {string} */ title, /** @type {() => Promise<Response> | null} */ act) => {
    const node = el("button", { title }, words)
    node.onclick = () => save(state, node, act)
    return node
  }
  state.saveProblem = el("span", { class: "gx-tone-bad", role: "alert" })
  return field("Save",
    button("PNG", "The images above with their figures", () => pictureRequest(state)),
    button("GIF", "Animation over ratios from 5 to 95 % and back, 256 colours", () => animationRequest(state, "gif")),
    button("WebP", "Animation over ratios from 5 to 95 % and back, full colour, smaller", () => animationRequest(state, "webp")),
    state.saveProblem)
}

/** Requests the current images; null if there are none yet. @param {State} state */
function pictureRequest(state) {
  const requests = sidesOf(state).map((side) => exactRequest(state, side)).filter(exists)
  if (!requests.length) return null
  return fetchFile(address("/reconstructions/picture"), { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ requests }) })
}

/** @param {State} state @param {"gif" | "webp"} format */
function animationRequest(state, format) {
  const request = ladderRequest(state, state.sides.a)
  return request && fetchFile(address("/reconstructions/sweep.{file_format}", { file_format: format, query: JSON.stringify(request) }))
}

/** @param {State} state @param {HTMLButtonElement} button @param {() => Promise<Response> | null} makeRequest */
async function save(state, button, makeRequest) {
  const coming = button.disabled ? null : makeRequest()
  if (!coming) return
  button.disabled = true
  state.saveProblem.textContent = ""
  try {
    const answer = await coming
    downloadBlob(await answer.blob(), attachmentName(answer) ?? "reconstruction")
  } catch (problem) {
    state.saveProblem.textContent = problemWords(problem, "The server is not responding; try again.")
  } finally {
    button.disabled = false
  }
}

/** The file name that the server gives an attachment (RFC 6266, `filename*` in UTF-8), undefined for none. @param {Response} answer */
function attachmentName(answer) {
  const encoded = /filename\*=UTF-8''([^;]+)/i.exec(answer.headers.get("content-disposition") ?? "")?.[1]
  return encoded && decodeURIComponent(encoded)
}

/** Downloads a blob as a file. @param {Blob} blob @param {string} name */
function downloadBlob(blob, name) {
  const link = el("a", { href: URL.createObjectURL(blob), download: name })
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
}
