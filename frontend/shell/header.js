// The header: pages, selected run, queue, problems, and keyboard shortcuts.

import { makeStore } from "../ui/kit/component.js"
import { el, plainClick, renew } from "../ui/kit/dom.js"
import { sentence } from "../ui/kit/format.js"
import { livePath } from "../ui/kit/poll.js"
import { runPace, runPath, runTitle, stateMark } from "../ui/kit/run.js"
import { updateNotices } from "./notices.js"

const header = makeStore()

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".gx-header")
  const state = header(parentElement, () => build(root))
  state.go = (page) => setTriggerValue("go", page)
  if (state.shown !== JSON.stringify(data)) show(state, data)
  document.onkeydown = (event) => onKey(state, event)
  return () => {
    state.leave.forEach((end) => end())
    document.onkeydown = null
  }
}

function build(root) {
  const state = { leave: [], pending: 0, lost: 0 }
  state.nav = el("nav", { "aria-label": "Pages" })
  state.run = el("div", { class: "run" })
  state.queue = el("span", { class: "queue gx-soft" })
  state.bar = el("div", { class: "bar", role: "status", hidden: true })
  state.keys = el("dialog", { "aria-label": "Keyboard" })
  state.notices = el("div", { class: "notices" })
  state.help = el("button", { class: "help", "aria-label": "Keyboard shortcuts", title: "Keyboard shortcuts (?)" }, "?")
  state.help.onclick = () => state.keys.showModal()
  const brand = el("a", { class: "brand", href: "/" }, "Galaxyscope")
  brand.onclick = (event) => plainClick(event, () => state.go("runs"))
  root.replaceChildren(
    el("header", {}, brand, state.nav, el("div", { class: "status" }, state.run, state.queue, state.notices, state.help)),
    state.bar, state.keys)
  return state
}

function show(state, data) {
  state.shown = JSON.stringify(data)
  state.data = data
  state.nav.replaceChildren(...data.pages.map((page) => pageLink(state, page)))
  const here = state.nav.querySelector("[aria-current]")
  if (here) state.nav.scrollLeft = here.offsetLeft - state.nav.offsetLeft - (state.nav.clientWidth - here.offsetWidth) / 2
  state.keys.replaceChildren(...keyList(state))
  state.run.replaceChildren()
  state.leave.forEach((end) => end())
  state.leave = [livePath("/health", () => 3000, (health) => showHealth(state, health))]
  if (data.run_id) {
    state.leave.push(livePath(runPath(data.run_id), runPace, ({ data: run }) => run && showRun(state, run)))
  }
}

function pageLink(state, page) {
  const current = page.key === state.data.current
  const kind = page.key === "machine" ? "machine" : null // on wide screens the device badge replaces it
  const link = el("a", { href: page.href, class: kind, "aria-current": current ? "page" : null, title: page.question }, page.title)
  link.onclick = (event) => plainClick(event, () => state.go(page.key))
  return link
}

function showRun(state, run) {
  const link = el("a", { href: `/run?run=${encodeURIComponent(run.id)}`, title: "The selected run" },
    el("span", { class: "gx-soft label" }, "Run"), el("span", { class: "name" }, runTitle(run)), stateMark(run))
  link.onclick = (event) => plainClick(event, () => state.go("run"))
  renew(state.run, link)
}

function showHealth(state, { data, lost }) {
  state.lost = lost ? state.lost + 1 : 0
  if (data) showMachine(state, data)
  if (data) updateNotices(state, data.newest_notice)
  const problems = state.lost > 1
    ? ["The server is not responding. This page shows its last state and reconnects automatically. "
      + "If it does not recover, restart the server with `galaxyscope up`."]
    : data?.problems ?? []
  state.bar.hidden = problems.length === 0
  state.bar.className = state.lost > 1 ? "bar lost" : "bar"
  state.bar.replaceChildren(...problems.map((text) => el("p", {}, withCode(text))))
  if (state.lost > 1) closeConnectionDialog()
}

/** Device and queue, rebuilt only when they change, so that focus and clicks are not lost. */
function showMachine(state, { device, device_why, queued, paused_lanes: paused }) {
  const key = JSON.stringify([device, device_why, queued, paused, state.shown])
  if (key === state.machineKey) return
  state.machineKey = key
  state.queue.replaceChildren(badge(state, { device, device_why }), el("span", { title: paused?.length ? `The ${paused.join(" and ")} queue is paused: no new runs start` : "Waiting runs" }, `Queue ${queued}${paused?.length ? " · paused" : ""}`))
}

/** The device, with the reason if it is not a GPU; links to the Machine page. */
function badge(state, { device, device_why: why }) {
  const page = state.data.pages.find((one) => one.key === "machine")
  const link = el("a", { class: "device", href: page.href, title: why ? sentence(why) : page.question,
    "aria-label": why ? `${device}: ${why}` : device, "aria-current": state.data.current === "machine" ? "page" : null }, device)
  link.onclick = (event) => plainClick(event, () => state.go(page.key))
  return link
}

/** Text with backticks rendered as code. */
function withCode(text) {
  return text.split("`").map((part, i) => (i % 2 ? el("code", {}, part) : part))
}

/** Closes Streamlit's dialog about a lost connection, which the bar reports; the page stays usable. */
function closeConnectionDialog() {
  for (const dialog of document.querySelectorAll('[data-testid="stDialog"]')) {
    if (dialog.textContent.startsWith("Connection error")) dialog.querySelector("button")?.click()
  }
}

function keyList(state) {
  const rows = [
    ...state.data.pages.map((page) => [`g ${page.letter}`, page.title]),
    ["← →", "Previous and next, in sliders and grids"], ["Enter", "Open the focused item"],
    ["r", "Random galaxy, on Reconstruct and Search"], ["/", "Search box, on Search"],
    ["f", "Flag a label as doubtful, on Evaluate and for odd galaxies"],
    ["0 … 5", "Rate an odd galaxy, on Search; u undoes, l learns"],
    ["?", "This list"], ["Esc", "Close this list"],
  ]
  const close = el("button", {}, "Close")
  close.onclick = () => state.keys.close()
  return [
    el("h2", {}, "Keyboard"),
    el("dl", {}, rows.flatMap(([key, text]) => [el("dt", {}, key), el("dd", {}, text)])),
    close,
  ]
}

function onKey(state, event) {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return
  const now = Date.now()
  if (event.key === "?") return void state.keys.showModal()
  if (event.key === "g") return void (state.pending = now)
  const page = state.data.pages.find((one) => one.letter === event.key)
  if (page && now - state.pending < 1500) state.go(page.key)
  state.pending = 0
}

function isTyping(event) {
  const target = event.composedPath()[0]
  return target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName) && target.type !== "range"
}
