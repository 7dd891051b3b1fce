// Uploads files from the user's computer to the server one at a time, bypassing the page's script.

import { address, Refused, send } from "../kit/api.js"
import { makeStore } from "../kit/component.js"
import { el, find } from "../kit/dom.js"
import { bytes, duration, grouped } from "../kit/format.js"
import { alertLine, problemWords } from "../kit/problems.js"
import { progressBar } from "../kit/run.js"

/** @import { Upload } from "../../api/contract.d.ts" */
/** @import { Mounting } from "../kit/mount.d.ts" */
/** @typedef {{ title: string, hint: string, accept: string[], many: boolean, most_bytes: number }} Data */

/** @typedef {object} State
 * @property {HTMLElement} root
 * @property {HTMLInputElement} input
 * @property {HTMLElement} zone
 * @property {Data} data
 * @property {(upload: Upload) => void} arrived
 * @property {"" | "idle" | "sending" | "done" | "failed"} phase
 * @property {boolean} [cancelled]
 * @property {XMLHttpRequest | null} [request]
 */

/** @type {ReturnType<typeof makeStore<State>>} */
const uploads = makeStore()
const MOST_FILES = 2000

/** @param {Mounting<Data>} mounting */
export default function ({ data, parentElement, setTriggerValue }) {
  const known = { data, arrived: (/** @type {Upload} */ upload) => setTriggerValue("done", upload) }
  const state = uploads(parentElement, () => build(find(parentElement, ".gx-upload"), known))
  Object.assign(state, known)
  state.input.accept = data.accept.join(",")
  state.input.multiple = data.many
  state.zone.classList.toggle("tall", data.many)
  if (!state.phase) idle(state)
  return () => state.request?.abort()
}

/** @param {HTMLElement} root @param {Pick<State, "data" | "arrived">} known @returns {State} */
function build(root, known) {
  const input = el("input", { type: "file", class: "hidden", tabindex: -1, "aria-hidden": "true" }), zone = el("div", { class: "zone" })
  /** @type {State} */
  const state = { root, input, zone, phase: "", ...known }
  input.onchange = () => { upload(state, [...input.files ?? []]); input.value = "" }
  zone.ondragover = (event) => { event.preventDefault(); zone.classList.add("over") }
  zone.ondragleave = () => zone.classList.remove("over")
  zone.ondrop = (event) => dropped(state, event)
  root.replaceChildren(input, zone)
  return state
}

/** @param {State} state @param {Exclude<State["phase"], "">} phase @param {Node[]} nodes */
function put(state, phase, ...nodes) {
  state.phase = phase
  state.root.dataset.phase = phase
  state.zone.replaceChildren(...nodes)
}

/** @param {State} state */
function idle(state, problem = "") {
  put(state, "idle", el("p", {}, state.data.title), el("p", { class: "gx-soft" }, state.data.hint),
    el("button", { onClick: () => state.input.click() }, state.data.many ? "Choose files" : "Choose a file"),
    alertLine(problem))
}

/** @param {State} state @param {DragEvent} event */
function dropped(state, event) {
  event.preventDefault()
  state.zone.classList.remove("over")
  if (state.phase === "sending" || !event.dataTransfer) return
  const folder = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).find((entry) => entry?.isDirectory)
  if (folder) return idle(state, `${folder.name} is a folder; zip it and drop the zip file.`)
  upload(state, [...event.dataTransfer.files])
}

/** @param {File[]} files */
const sizeOf = (files) => files.reduce((sum, file) => sum + file.size, 0)

/** Why these files cannot be uploaded; "" if they can. @param {Data} data @param {File[]} files */
export function fault({ accept, most_bytes: most, many }, files) {
  const odd = files.find((file) => !accept.some((suffix) => file.name.toLowerCase().endsWith(suffix)))
  if (odd) return `${odd.name} cannot be imported; accepted: ${accept.join(" ")}.`
  const total = sizeOf(files)
  if (total > most) return `${bytes(total)} exceed the upload limit of ${bytes(most)}; copy the files to the server and choose their folder there.`
  if (files.length > (many ? MOST_FILES : 1)) return `${grouped(files.length)} files are too many; put them into one zip file.`
  const empty = files.find((file) => !file.size)
  return empty ? `${empty.name} is empty; choose another file.` : ""
}

/** @param {State} state @param {File[]} files */
async function upload(state, files) {
  if (!files.length) return
  const problem = fault(state.data, files)
  if (problem) return idle(state, problem)
  state.cancelled = false
  const progress = showSending(state, files)
  try {
    arrive(state, files, await sendAll(state, files, progress))
  } catch (problem) {
    if (state.cancelled) return idle(state)
    failed(state, files, problemWords(problem, "The connection was lost during the upload."))
  }
}

/** @param {State} state @param {File[]} files @param {(index: number, sent: number) => void} progress */
async function sendAll(state, files, progress) {
  let upload = await send("post", "/uploads", {})
  let before = 0
  for (const [i, file] of files.entries()) {
    if (state.cancelled) throw new Refused("cancelled")
    upload = await sendFile(state, upload.id, file, (sent) => progress(i, before + sent))
    before += file.size
  }
  return upload
}

/** Sends a file as the body of one PUT, with XMLHttpRequest because fetch does not report progress.
 * @param {State} state @param {string} id @param {File} file @param {(sent: number) => void} onProgress @returns {Promise<Upload>} */
function sendFile(state, id, file, onProgress) {
  return new Promise((resolve, reject) => {
    const request = (state.request = new XMLHttpRequest())
    request.open("PUT", address("/uploads/{upload_id}/{filename}", { upload_id: id, filename: file.name }))
    request.upload.onprogress = (event) => onProgress(event.loaded)
    request.onload = () => {
      const body = parsed(request.responseText)
      if (request.status < 300 && body) resolve(body)
      else reject(new Refused(body?.detail ?? `The server returned ${request.status}.`))
    }
    request.onerror = request.onabort = () => reject(new TypeError("lost"))
    request.send(file)
  })
}

/** @param {string} text */
function parsed(text) {
  try { return JSON.parse(text) } catch { return null }
}

/** Returns what shows the progress. @param {State} state @param {File[]} files */
function showSending(state, files) {
  const total = sizeOf(files), began = Date.now(), words = el("p", { class: "gx-soft" }, `0 of ${bytes(total)}`)
  let meter = progressBar(0, "Upload")
  const cancel = el("button", {}, "Cancel")
  cancel.onclick = () => { state.cancelled = true; state.request?.abort() }
  put(state, "sending", el("p", {}, namesOf(files)), meter, words, cancel)
  return (/** @type {number} */ index, /** @type {number} */ sent) => {
    const share = Math.min(sent / total, 1), rate = sent / Math.max((Date.now() - began) / 1000, 0.2)
    const bar = progressBar(share, "Upload")
    meter.replaceWith(bar)
    meter = bar
    const parts = [`${bytes(sent)} of ${bytes(total)}`, `${bytes(Math.round(rate))}/s`]
    if (files.length > 1) parts.unshift(`file ${index + 1} of ${grouped(files.length)}`)
    if (rate && share < 1) parts.push(`${duration((total - sent) / rate)} left`)
    words.textContent = parts.join(" · ")
  }
}

/** @param {File[]} files */
const namesOf = (files) => (files.length === 1 ? files[0].name : `${grouped(files.length)} files`)

/** @param {State} state @param {File[]} files @param {Upload} upload */
function arrive(state, files, upload) {
  state.request = null
  put(state, "done", el("p", {}, `${namesOf(files)}, ${bytes(upload.size_bytes)} uploaded.`),
    el("button", { onClick: () => idle(state) }, "Replace"))
  state.arrived(upload)
}

/** @param {State} state @param {File[]} files @param {string} words */
function failed(state, files, words) {
  put(state, "failed", alertLine(words),
    el("div", { class: "buttons" }, el("button", { onClick: () => upload(state, files) }, "Retry"),
      el("button", { onClick: () => idle(state) }, "Choose other files")))
}
