// What all components share: elements, polling, run states, formats.

export const API = "/api/v1"
export const TERMINAL = new Set(["succeeded", "failed", "cancelled"])
export const STATE_WORDS = {
  queued: "queued", starting: "starting", running: "running", pausing: "pausing…", paused: "paused",
  stopping: "stopping…", lost: "lost", succeeded: "succeeded", failed: "failed", cancelled: "cancelled",
}
export const STATE_SHAPES = {
  queued: ["ring", "M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11z"],
  starting: ["ring", "M8 2.5a5.5 5.5 0 1 0 5.5 5.5"],
  running: ["solid", "M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11z"],
  pausing: ["ring", "M5.5 4v8M10.5 4v8"],
  paused: ["ring", "M5.5 3v10M10.5 3v10"],
  stopping: ["ring", "M4 4h8v8H4z"],
  lost: ["ring", "M8 3l5.5 10h-11z"],
  succeeded: ["ring", "M3 8.5l3.5 3.5L13 4.5"],
  failed: ["ring", "M4 4l8 8M12 4l-8 8"],
  cancelled: ["ring", "M3.5 8h9"],
}
export const STATE_TONES = {
  running: "good", succeeded: "good", starting: "good", failed: "bad", lost: "bad", stopping: "warn", pausing: "warn",
}

/** Creates a DOM element with properties and children; strings become text, never markup. */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag)
  setProps(node, props)
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false))
  return node
}

function setProps(node, props) {
  for (const [key, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue
    if (key === "class") node.className = value
    else if (key.startsWith("on")) node[key.toLowerCase()] = value
    else if (key === "style") node.style.cssText = value
    else node.setAttribute(key, value === true ? "" : value)
  }
}

/** Morphs the children of `parent` into `children`, leaving equal nodes alone so that a click in progress, the focus and
 * an open list survive a poll. Handlers of kept nodes are kept too, so attributes must tell similar nodes apart; items of
 * a growing list are identified by `data-item`. A kept input keeps what was typed. */
export function renew(parent, ...children) {
  const nodes = children.flat(Infinity).filter((node) => exists(node) && node !== false).map((node) => (typeof node === "string" ? new Text(node) : node))
  const items = new Map([...parent.children].filter(itemOf).map((old) => [itemOf(old), old]))
  const staying = new Set(nodes.map(itemOf)), held = parent.getRootNode().activeElement
  for (const [item, old] of items) if (!staying.has(item)) old.remove()
  nodes.forEach((node, i) => {
    const at = parent.childNodes[i] ?? null, old = itemOf(node) ? items.get(itemOf(node)) : itemOf(at) ? null : at
    if (!old) return parent.insertBefore(node, at)
    if (old !== at) parent.insertBefore(old, at)
    if (!old.isEqualNode(node)) renewNode(old, node)
  })
  while (parent.childNodes.length > nodes.length) parent.lastChild.remove()
  if (parent.contains(held) && parent.getRootNode().activeElement !== held) held.focus() // the node was moved
}

const itemOf = (node) => node?.dataset?.item

function renewNode(old, node) {
  if (!isSame(old, node)) return old.replaceWith(node)
  for (const { name } of [...old.attributes]) if (name !== "value" && !node.hasAttribute(name)) old.removeAttribute(name)
  for (const { name, value } of node.attributes) if (name !== "value" && old.getAttribute(name) !== value) old.setAttribute(name, value)
  if (old.tagName === "INPUT") return renewField(old, node)
  renew(old, ...node.childNodes)
  if (old.tagName === "SELECT") old.value = node.value
}

function isSame(old, node) {
  if (old.nodeType !== Node.ELEMENT_NODE || old.tagName !== node.tagName) return false
  return itemOf(node) ? itemOf(old) === itemOf(node) : bare(old).isEqualNode(bare(node))
}

/** The element without children and user input. */
function bare(node) {
  const alone = node.cloneNode(false)
  for (const name of node.tagName === "INPUT" ? ["value", "checked"] : ["selected"]) alone.removeAttribute(name)
  return alone
}

function renewField(old, node) {
  if (["checkbox", "radio"].includes(old.type)) old.checked = node.checked
  else if (old.type === "range") old.value = node.value
  else putText(old, node.defaultValue)
}

/** Sets the value of a field, unless it holds typed text that has not been processed yet. */
export function putText(field, known) {
  const text = String(known ?? ""), typed = field.value !== field.defaultValue || field.validity.badInput
  if (field.defaultValue !== text) field.defaultValue = text
  if (!typed && field.value !== text) field.value = text
}

/** Marks typed text as processed, so that its normalised value can replace it; further typing is not disturbed. */
export function takeText(field, taken = field.value) {
  if (field.value === taken) field.defaultValue = taken
}

export function svgShape(kind, path) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg")
  for (const [key, value] of [["viewBox", "0 0 16 16"], ["class", `gx-shape gx-${kind}`], ["aria-hidden", "true"]]) {
    svg.setAttribute(key, value)
  }
  const line = document.createElementNS("http://www.w3.org/2000/svg", "path")
  line.setAttribute("d", path)
  svg.append(line)
  return svg
}

/** The state of a run as icon and text. */
export function stateMark(run, withProgress = true) {
  const [kind, path] = STATE_SHAPES[run.state]
  const share = shareDone(run)
  let word = STATE_WORDS[run.state]
  if (withProgress && run.state === "running" && share !== null) word += ` ${Math.floor(100 * share)} %`
  if (run.state === "queued" && run.queue_position) word += ` · ${ordinal(run.queue_position)}`
  return el("span", { class: `gx-state gx-tone-${STATE_TONES[run.state] ?? "calm"}`, "data-state": run.state },
    svgShape(kind, path), el("span", {}, word))
}

function ordinal(position) {
  return position === 1 ? "next" : `${position - 1} ahead`
}

export function shareDone(run) {
  const total = run.progress.total_steps
  return total ? Math.min(run.progress.step / total, 1) : null
}

export function duration(seconds) {
  const s = Math.max(Math.round(seconds), 0)
  const two = (n) => String(n).padStart(2, "0")
  if (s < 60) return `${s} s`
  if (s < 3600) return `${Math.floor(s / 60)} min ${two(s % 60)} s`
  if (s < 86400) return `${Math.floor(s / 3600)} h ${two(Math.floor((s % 3600) / 60))} min`
  return `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`
}

export function secondsSince(iso) {
  return (Date.now() - Date.parse(iso)) / 1000
}

export function ago(iso) {
  const s = secondsSince(iso)
  if (s < 10) return "just now"
  if (s < 60) return `${Math.floor(s)} s ago`
  if (s < 3600) return `${Math.floor(s / 60)} min ago`
  if (s < 86400) return `${Math.floor(s / 3600)} h ago`
  return `${Math.floor(s / 86400)} d ago`
}

export function runSeconds(run) {
  if (!run.started_at) return null
  return ((run.ended_at ? Date.parse(run.ended_at) : Date.now()) - Date.parse(run.started_at)) / 1000
}

export const grouped = (n) => Math.round(n).toLocaleString("en-US")
export const percent = (share) => `${(100 * share).toFixed(1)} %`
export const isNumber = (value) => typeof value === "number" && Number.isFinite(value)

export function bytes(n) {
  for (const [factor, unit] of [[1e9, "GB"], [1e6, "MB"], [1e3, "kB"]]) {
    if (n >= factor) return `${Number((n / factor).toPrecision(3))} ${unit}`
  }
  return `${n} B`
}

export function clockTime(iso) {
  return iso ? new Date(iso).toLocaleString() : ""
}

export const capitalised = (text) => text.charAt(0).toUpperCase() + text.slice(1)

/** A reason as a sentence: capitalised, unless it starts with the name of a file or field, with a full stop. */
export function sentence(text) {
  const whole = /^[a-z]+(-[a-z]+)*[ ,:;]/.test(text) ? capitalised(text) : text
  return /[.!?…]$/.test(whole) ? whole : `${whole}.`
}

export function runTitle(run) {
  return run.name || run.id
}

/** Whether the kind of a run has a trait; see shared/configs/kinds.py. */
export const hasTrait = ({ traits }, trait) => traits.includes(trait)

/** Whether the linear probe is trained by SGD alongside the encoder, unlike its references. */
export const probedBySgd = (run) => run?.config.online_probe === "sgd"

/** The tags of a run, and whether it is imported or archived. */
export function tagMarks(run) {
  const words = [...(run.tags ?? []), ...(run.imported ? ["imported"] : []), ...(run.archived ? ["archived"] : [])]
  return words.length ? el("span", { class: "gx-tags" }, words.map((word) => el("span", { class: "gx-tag" }, word))) : null
}

export function exists(value) {
  return value !== null && value !== undefined
}

export class Refused extends Error {}

/** The parsed API response. Throws Refused with the error sentence, or TypeError without a connection. */
export async function ask(path, options = {}) {
  const answer = await fetch(API + path, { cache: "no-store", credentials: "same-origin", ...options })
  const body = await answer.json().catch(() => null)
  if (!answer.ok) throw Object.assign(new Refused(body?.detail ?? `The server returned ${answer.status}.`), { code: body?.code })
  return body
}

// One poll per URL, shared by all components of the page. `pace(data)` is the time until the next one, 0 to stop.
const LIVE = new Map()

/** Calls `listener({data, lost, error})` now and after each response; returns a function that stops it. */
export function live(path, pace, listener) {
  let entry = LIVE.get(path)
  if (!entry) {
    entry = { listeners: new Set(), timer: 0, last: null, pace }
    LIVE.set(path, entry)
  }
  entry.listeners.add(listener)
  if (entry.last) listener(entry.last)
  if (!entry.timer) schedule(path, entry, 0)
  return () => {
    entry.listeners.delete(listener)
    if (entry.listeners.size) return
    clearTimeout(entry.timer)
    LIVE.delete(path)
  }
}

function schedule(path, entry, wait) {
  clearTimeout(entry.timer)
  entry.timer = setTimeout(() => poll(path, entry), wait)
}

async function poll(path, entry) {
  let next = 2000
  try {
    const data = await ask(path)
    entry.last = { data, lost: false, error: null }
    next = entry.pace(data)
  } catch (problem) {
    const refused = problem instanceof Refused
    entry.last = { data: entry.last?.data ?? null, lost: !refused, error: refused ? problem.message : null }
    if (refused) next = 10000
  }
  if (!entry.listeners.size) return
  for (const listener of [...entry.listeners]) listener(entry.last)
  entry.timer = 0
  if (next) schedule(path, entry, document.hidden ? Math.max(next, 8000) : next)
}

/** Polls a path now, if it has listeners. */
export function refresh(path) {
  const entry = LIVE.get(path)
  if (entry) schedule(path, entry, 0)
}

export const runPath = (id) => `/runs/${encodeURIComponent(id)}`
export const verdictPath = (id) => `${runPath(id)}/verdict`
export const verdictPace = (verdict) => (verdict.ended ? 0 : 2000)
export const runPace = (run) => (TERMINAL.has(run.state) ? 0 : 1000)

/** Sends a verb (stop, pause, resume) to a run and shows the new state. */
export async function sendVerb(id, verb) {
  const run = await ask(`${runPath(id)}/${verb}`, { method: "POST" })
  refresh(runPath(id))
  return run
}

/** The state of a mounted component, created once per element. */
export function makeStore() {
  const states = new WeakMap()
  return (parent, make) => {
    let state = states.get(parent)
    if (!state) states.set(parent, (state = make()))
    return state
  }
}

/** Handles plain clicks in the page; middle and modified clicks follow the link. */
export function plainClick(event, act) {
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) return
  event.preventDefault()
  act()
}

/** Whether the script sends a view that this browser neither sent itself (up to `seq`) nor received last: a rerun may
    still carry the view from before one that is in flight. */
export function isNewAddress(state, { view, browser_seq: seq }) {
  const address = JSON.stringify(view)
  const own = seq !== null && seq <= state.seq
  const known = address === state.address
  state.address = address
  return state.left || !(own || known)
}
