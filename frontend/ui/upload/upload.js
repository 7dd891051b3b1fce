// Uploads files from the user's computer to the server one at a time, bypassing the page's script.

import { API, ask, Refused } from "../kit/api.js"
import { makeStore } from "../kit/component.js"
import { el } from "../kit/dom.js"
import { bytes, duration, grouped, sentence } from "../kit/format.js"

const uploads = makeStore()
const MOST_FILES = 2000

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".gx-upload")
  const state = uploads(parentElement, () => build(root))
  state.data = data
  state.arrived = (upload) => setTriggerValue("done", upload)
  state.input.accept = data.accept.join(",")
  state.input.multiple = data.many
  state.zone.classList.toggle("tall", data.many)
  if (!state.phase) idle(state)
  return () => state.request?.abort()
}

function build(root) {
  const state = { root, phase: "", queue: [], at: 0 }
  state.input = el("input", { type: "file", class: "hidden", tabindex: -1, "aria-hidden": "true" })
  state.input.onchange = () => { send(state, [...state.input.files]); state.input.value = "" }
  state.zone = el("div", { class: "zone" })
  state.zone.ondragover = (event) => { event.preventDefault(); state.zone.classList.add("over") }
  state.zone.ondragleave = () => state.zone.classList.remove("over")
  state.zone.ondrop = (event) => dropped(state, event)
  root.replaceChildren(state.input, state.zone)
  return state
}

function put(state, phase, ...nodes) {
  state.phase = phase
  state.root.dataset.phase = phase
  state.zone.replaceChildren(...nodes)
}

function idle(state, problem = "") {
  put(state, "idle", el("p", {}, state.data.title), el("p", { class: "gx-soft" }, state.data.hint),
    el("button", { onClick: () => state.input.click() }, state.data.many ? "Choose files" : "Choose a file"),
    el("p", { class: "gx-tone-bad", role: "alert" }, problem))
}

function dropped(state, event) {
  event.preventDefault()
  state.zone.classList.remove("over")
  if (state.phase === "sending") return
  const folder = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).find((entry) => entry?.isDirectory)
  if (folder) return idle(state, `${folder.name} is a folder; zip it and drop the zip file.`)
  send(state, [...event.dataTransfer.files])
}

/** Why these files cannot be uploaded; "" if they can. */
function fault(state, files) {
  const { accept, most_bytes: most, many } = state.data
  const odd = files.find((file) => !accept.some((suffix) => file.name.toLowerCase().endsWith(suffix)))
  if (odd) return `${odd.name} cannot be imported; accepted: ${accept.join(" ")}.`
  const total = files.reduce((sum, file) => sum + file.size, 0)
  if (total > most) return `${bytes(total)} exceed the upload limit of ${bytes(most)}; copy the files to the server and choose their folder there.`
  if (files.length > (many ? MOST_FILES : 1)) return `${grouped(files.length)} files are too many; put them into one zip file.`
  const empty = files.find((file) => !file.size)
  return empty ? `${empty.name} is empty; choose another file.` : ""
}

async function send(state, files) {
  if (!files.length) return
  const problem = fault(state, files)
  if (problem) return idle(state, problem)
  state.files = files
  state.total = files.reduce((sum, file) => sum + file.size, 0)
  state.cancelled = false
  state.began = Date.now()
  showSending(state)
  try {
    arrive(state, await sendAll(state))
  } catch (problem) {
    if (state.cancelled) return idle(state)
    failed(state, problem instanceof Refused ? sentence(problem.message) : "The connection was lost during the upload.")
  }
}

async function sendAll(state) {
  let upload = await ask("/uploads", { method: "POST" })
  let before = 0
  for (const [i, file] of state.files.entries()) {
    if (state.cancelled) throw new Refused("cancelled")
    upload = await sendFile(state, upload.id, file, (sent) => progress(state, i, before + sent))
    before += file.size
  }
  return upload
}

/** Sends a file as the body of one PUT, with XMLHttpRequest because fetch does not report progress. */
function sendFile(state, id, file, onProgress) {
  return new Promise((resolve, reject) => {
    const request = (state.request = new XMLHttpRequest())
    request.open("PUT", `${API}/uploads/${encodeURIComponent(id)}/${encodeURIComponent(file.name)}`)
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

function parsed(text) {
  try { return JSON.parse(text) } catch { return null }
}

function showSending(state) {
  state.fill = el("i", { style: "width:0" })
  state.words = el("p", { class: "gx-soft" }, `0 of ${bytes(state.total)}`)
  const cancel = el("button", {}, "Cancel")
  cancel.onclick = () => { state.cancelled = true; state.request?.abort() }
  state.meter = el("div", { class: "gx-bar", role: "progressbar", "aria-label": "Upload", "aria-valuemin": 0, "aria-valuemax": 100 }, state.fill)
  put(state, "sending", el("p", {}, namesOf(state.files)), state.meter, state.words, cancel)
}

function progress(state, index, sent) {
  const share = Math.min(sent / state.total, 1)
  const rate = sent / Math.max((Date.now() - state.began) / 1000, 0.2)
  state.fill.style.width = `${100 * share}%`
  state.meter.setAttribute("aria-valuenow", Math.floor(100 * share))
  const words = [`${bytes(sent)} of ${bytes(state.total)}`, `${bytes(Math.round(rate))}/s`]
  if (state.files.length > 1) words.unshift(`file ${index + 1} of ${grouped(state.files.length)}`)
  if (rate && share < 1) words.push(`${duration((state.total - sent) / rate)} left`)
  state.words.textContent = words.join(" · ")
}

const namesOf = (files) => (files.length === 1 ? files[0].name : `${grouped(files.length)} files`)

function arrive(state, upload) {
  state.request = null
  put(state, "done", el("p", {}, `${namesOf(state.files)}, ${bytes(upload.size_bytes)} uploaded.`),
    el("button", { onClick: () => idle(state) }, "Replace"))
  state.arrived(upload)
}

function failed(state, words) {
  put(state, "failed", el("p", { class: "gx-tone-bad", role: "alert" }, words),
    el("div", { class: "buttons" }, el("button", { onClick: () => send(state, state.files) }, "Retry"),
      el("button", { onClick: () => idle(state) }, "Choose other files")))
}
