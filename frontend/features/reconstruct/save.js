// Saving the panels with their figures as PNG, or an animation over all mask ratios.

import { API, Refused } from "../../ui/kit/api.js"
import { el } from "../../ui/kit/dom.js"
import { sentence } from "../../ui/kit/format.js"
import { exactRequest, ladderRequest, sidesOf } from "./net.js"
import { field } from "./words.js"

export function buildSave(state) {
  const button = (words, title, act) => {
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

/** [path, options] for the current images; null if there are none yet. */
function pictureRequest(state) {
  const requests = sidesOf(state).map((side) => exactRequest(state, side)).filter(Boolean)
  if (!requests.length) return null
  return ["/reconstructions/picture", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ requests }) }]
}

function animationRequest(state, format) {
  const request = ladderRequest(state, state.sides.a)
  return request && [`/reconstructions/sweep.${format}?query=${encodeURIComponent(JSON.stringify(request))}`, {}]
}

async function save(state, button, makeRequest) {
  const request = makeRequest()
  if (!request || button.disabled) return
  button.disabled = true
  state.saveProblem.textContent = ""
  try {
    const answer = await fetch(API + request[0], { credentials: "same-origin", ...request[1] })
    if (!answer.ok) throw new Refused((await answer.json().catch(() => null))?.detail ?? `The server returned ${answer.status}.`)
    downloadBlob(await answer.blob(), attachmentName(answer) ?? "reconstruction")
  } catch (problem) {
    if (!(problem instanceof Refused) && !(problem instanceof TypeError)) throw problem
    state.saveProblem.textContent = problem instanceof Refused ? sentence(problem.message) : "The server is not responding; try again."
  } finally {
    button.disabled = false
  }
}

/** The file name that the server gives an attachment (RFC 6266, `filename*` in UTF-8), undefined for none. */
function attachmentName(answer) {
  const encoded = /filename\*=UTF-8''([^;]+)/i.exec(answer.headers.get("content-disposition") ?? "")?.[1]
  return encoded && decodeURIComponent(encoded)
}

/** Downloads a blob as a file. */
function downloadBlob(blob, name) {
  const link = el("a", { href: URL.createObjectURL(blob), download: name })
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
}
