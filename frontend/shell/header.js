// The header: pages, selected run, queue, problems, and keyboard shortcuts.

import { makeStore } from "../ui/kit/component.js"
import { el, find, plainClick, renew } from "../ui/kit/dom.js"
import { sentence } from "../ui/kit/format.js"
import { live } from "../ui/kit/poll.js"
import { runHref, runPace, runTitle, stateMark } from "../ui/kit/run.js"
import { updateNotices } from "./notices.js"

/** @import { Health, Run } from "../api/contract.d.ts" */
/** @import { Mounting } from "../ui/kit/mount.d.ts" */
/** @import { Polled } from "../ui/kit/poll.js" */
/** @import { Notices } from "./notices.js" */
/** @typedef {{ key: string, title: string, href: string, letter: string, question: string, listed: boolean }} Page without a link in the header if not `listed` */
/** @typedef {{ pages: Page[], current: string, run_id: string | null }} Data */

/** @typedef {object} State
 * @property {Data} data
 * @property {(page: string) => void} go
 * @property {HTMLElement} nav
 * @property {HTMLElement} run
 * @property {HTMLElement} queue
 * @property {HTMLElement} bar of problems
 * @property {HTMLDialogElement} keys
 * @property {Notices} notices
 * @property {(() => void)[]} leave
 * @property {number} pending when g was pressed
 * @property {number} lost failed polls in a row
 * @property {string} [shown]
 * @property {string} [machineKey]
 */

/** @type {ReturnType<typeof makeStore<State>>} */
const header = makeStore()

/** @param {Mounting<Data>} mounting */
export default function ({ data, parentElement, setTriggerValue }) {
  const go = (/** @type {string} */ page) => setTriggerValue("go", page)
  const state = header(parentElement, () => build(find(parentElement, ".gx-header"), { data, go }))
  state.go = go
  if (state.shown !== JSON.stringify(data)) show(state, data)
  document.onkeydown = (event) => onKey(state, event)
  return () => {
    state.leave.forEach((end) => end())
    document.onkeydown = null
  }
}

/** @param {HTMLElement} root @param {Pick<State, "data" | "go">} known @returns {State} */
function build(root, known) {
  const nav = el("nav", { "aria-label": "Pages" }), run = el("div", { class: "run" }), queue = el("span", { class: "queue gx-soft" })
  const bar = el("div", { class: "bar", role: "status", hidden: true }), keys = el("dialog", { "aria-label": "Keyboard" })
  const place = el("div", { class: "notices" })
  const help = el("button", { class: "help", "aria-label": "Keyboard shortcuts", title: "Keyboard shortcuts (?)" }, "?")
  help.onclick = () => keys.showModal()
  /** @type {State} */
  const state = { ...known, nav, run, queue, bar, keys, notices: { place, list: [], newest: null }, leave: [], pending: 0, lost: 0 }
  root.replaceChildren(
    el("header", {}, leading(state, "runs", { class: "brand", href: "/" }, "Galaxyscope"), nav, el("div", { class: "status" }, run, queue, place, help)),
    bar, keys)
  return state
}

/** A link that leads to a page without loading it anew.
 * @param {State} state
 * @param {string} page
 * @param {import("../ui/kit/dom.js").Props} props
 * @param {import("../ui/kit/dom.js").Children[]} children
 */
function leading(state, page, props, ...children) {
  const link = el("a", props, ...children)
  link.onclick = (event) => plainClick(event, () => state.go(page))
  return link
}

/** @param {State} state @param {Data} data */
function show(state, data) {
  const { nav } = state
  state.shown = JSON.stringify(data)
  state.data = data
  nav.replaceChildren(...data.pages.filter(({ listed }) => listed).map((page) => pageLink(state, page)))
  const here = nav.querySelector("[aria-current]")
  if (here instanceof HTMLElement) nav.scrollLeft = here.offsetLeft - nav.offsetLeft - (nav.clientWidth - here.offsetWidth) / 2
  state.keys.replaceChildren(...keyList(state))
  state.run.replaceChildren()
  state.leave.forEach((end) => end())
  state.leave = [live("/health", {}, () => 3000, (health) => showHealth(state, health))]
  if (data.run_id) {
    state.leave.push(live("/runs/{run_id}", { run_id: data.run_id }, runPace, ({ data: run }) => { if (run) showRun(state, run) }))
  }
}

/** @param {State} state @param {Page} page */
function pageLink(state, { key, href, question, title }) {
  const kind = key === "machine" ? "machine" : null // on wide screens the device badge replaces it
  return leading(state, key, { href, class: kind, "aria-current": key === state.data.current ? "page" : null, title: question }, title)
}

/** @param {State} state @param {Run} run */
function showRun(state, run) {
  renew(state.run, leading(state, "run", { href: runHref(run.id), title: "The selected run" },
    el("span", { class: "gx-soft label" }, "Run"), el("span", { class: "name" }, runTitle(run)), stateMark(run)))
}

/** The version of the server that served this page. @type {string | undefined} */
let served

/** @param {State} state @param {Polled<Health>} polled */
function showHealth(state, { data, lost }) {
  state.lost = lost ? state.lost + 1 : 0
  if (data) showMachine(state, data)
  if (data) updateNotices(state.notices, data.newest_notice)
  const problems = state.lost > 1
    ? ["The server is not responding. This page shows its last state and reconnects automatically. "
      + "If it does not recover, restart the server with `galaxyscope up`."]
    : data?.problems ?? []
  served ??= data?.version
  const renewed = data && data.version !== served && !state.lost
    ? el("p", {}, `The server now runs version ${data.version}; this page is of ${served}. Reload it when nothing unsaved is left. `,
      el("button", { onClick: () => location.reload() }, "Reload")) : null
  state.bar.hidden = problems.length === 0 && !renewed
  state.bar.className = state.lost > 1 ? "bar lost" : "bar"
  renew(state.bar, problems.map((text) => el("p", {}, withCode(text))), renewed)
  if (state.lost > 1) closeConnectionDialog()
}

/** Device and queue, rebuilt only when they change, so that focus and clicks are not lost. @param {State} state @param {Health} health */
function showMachine(state, { device, device_why: why, queued, paused_lanes: paused }) {
  const key = JSON.stringify([device, why, queued, paused, state.shown])
  if (key === state.machineKey) return
  state.machineKey = key
  const note = paused.length ? `The ${paused.join(" and ")} queue is paused: no new runs start` : "Waiting runs"
  state.queue.replaceChildren(badge(state, device, why), el("span", { title: note }, `Queue ${queued}${paused.length ? " · paused" : ""}`))
}

/** The device, with the reason if it is not a GPU; links to the Machine page.
 * @param {State} state @param {string} device @param {string} why */
function badge(state, device, why) {
  const page = state.data.pages.find(({ key }) => key === "machine")
  return leading(state, "machine", { class: "device", href: page?.href, title: why ? sentence(why) : page?.question,
    "aria-label": why ? `${device}: ${why}` : device, "aria-current": state.data.current === "machine" ? "page" : null }, device)
}

/** Text with backticks rendered as code. @param {string} text */
const withCode = (text) => text.split("`").map((part, i) => (i % 2 ? el("code", {}, part) : part))

/** Closes Streamlit's dialog about a lost connection, which the bar reports; the page stays usable. */
function closeConnectionDialog() {
  for (const dialog of document.querySelectorAll('[data-testid="stDialog"]')) {
    if (dialog.textContent?.startsWith("Connection error")) dialog.querySelector("button")?.click()
  }
}

/** @param {State} state */
function keyList({ data, keys }) {
  const rows = [
    ...data.pages.map((page) => [`g ${page.letter}`, page.title]),
    ["← →", "Previous and next, in sliders and grids"], ["Enter", "Open the focused item"],
    ["r", "Random galaxy, on Reconstruct and Search"], ["/", "Search box, on Search"],
    ["f", "Flag a label as doubtful, on Evaluate and for odd galaxies"],
    ["0 … 5", "Rate an odd galaxy, on Search; u undoes, l learns"],
    ["?", "This list"], ["Esc", "Close this list"],
  ]
  return [
    el("h2", {}, "Keyboard"),
    el("dl", {}, rows.flatMap(([key, text]) => [el("dt", {}, key), el("dd", {}, text)])),
    el("button", { onclick: () => keys.close() }, "Close"),
  ]
}

/** @param {State} state @param {KeyboardEvent} event */
function onKey(state, event) {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return
  const now = Date.now()
  if (event.key === "?") return void state.keys.showModal()
  if (event.key === "g") return void (state.pending = now)
  const page = state.data.pages.find((one) => one.letter === event.key)
  if (page && now - state.pending < 1500) state.go(page.key)
  state.pending = 0
}

/** @param {KeyboardEvent} event */
function isTyping(event) {
  const [target] = event.composedPath()
  if (target instanceof HTMLInputElement) return target.type !== "range"
  return target instanceof HTMLElement && (target.isContentEditable || ["TEXTAREA", "SELECT"].includes(target.tagName))
}
