// The header: pages, the selected run, the queue, what is wrong, and the keyboard.

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
  state.help = el("button", { class: "help", "aria-label": "Keyboard shortcuts", title: "Keyboard (?)" }, "?")
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
  state.leave = [live("/health", () => 3000, (news) => showHealth(state, news))]
  if (data.run_id) {
    state.leave.push(live(runPath(data.run_id), runPace, ({ data: run }) => run && showRun(state, run)))
  }
}

function pageLink(state, page) {
  const current = page.key === state.data.current
  const kind = page.key === "machine" ? "machine" : null // wide, the badge stands for it
  const link = el("a", { href: page.href, class: kind, "aria-current": current ? "page" : null, title: page.question }, page.title)
  link.onclick = (event) => plainClick(event, () => state.go(page.key))
  return link
}

function showRun(state, run) {
  const link = el("a", { href: `/run?run=${encodeURIComponent(run.id)}`, title: "The selected run" },
    el("span", { class: "gx-soft label" }, "run"), el("span", { class: "name" }, runTitle(run)), stateMark(run))
  link.onclick = (event) => plainClick(event, () => state.go("run"))
  renew(state.run, link)
}

function showHealth(state, { data, lost }) {
  state.lost = lost ? state.lost + 1 : 0
  if (data) showMachine(state, data)
  if (data) hearNotices(state, data.newest_notice)
  const problems = state.lost > 1
    ? ["The server does not answer. This page keeps what it showed and reconnects by itself; "
      + "if it stays so, start it again with `galaxyscope up`."]
    : data?.problems ?? []
  state.bar.hidden = problems.length === 0
  state.bar.className = state.lost > 1 ? "bar lost" : "bar"
  state.bar.replaceChildren(...problems.map((text) => el("p", {}, withCode(text))))
  if (state.lost > 1) closeConnectionDialog()
}

/** Device and queue, built anew only when they say something else: a focus or a click is not lost. */
function showMachine(state, { device, device_why, queued, paused_lanes: paused }) {
  const said = JSON.stringify([device, device_why, queued, paused, state.shown])
  if (said === state.said) return
  state.said = said
  state.queue.replaceChildren(badge(state, { device, device_why }), el("span", { title: paused?.length ? `The ${paused.join(" and ")} queue is paused: nothing new starts` : "Runs that wait" }, `queue ${queued}${paused?.length ? " · paused" : ""}`))
}

/** The device, with the reason where it is no GPU; leads to the page about the machine. */
function badge(state, { device, device_why: why }) {
  const page = state.data.pages.find((one) => one.key === "machine")
  const link = el("a", { class: "device", href: page.href, title: why ? sentence(why) : page.question,
    "aria-label": why ? `${device}: ${why}` : device, "aria-current": state.data.current === "machine" ? "page" : null }, device)
  link.onclick = (event) => plainClick(event, () => state.go(page.key))
  return link
}

/** Words between backticks as code. */
function withCode(text) {
  return text.split("`").map((part, i) => (i % 2 ? el("code", {}, part) : part))
}

/** Streamlit covers the page with a dialog when its socket is gone; the bar says it, and the page stays usable. */
function closeConnectionDialog() {
  for (const dialog of document.querySelectorAll('[data-testid="stDialog"]')) {
    if (dialog.textContent.startsWith("Connection error")) dialog.querySelector("button")?.click()
  }
}

function keyList(state) {
  const rows = [
    ...state.data.pages.map((page) => [`g ${page.letter}`, page.title]),
    ["← →", "previous and next, where there is a slider or a grid"], ["Enter", "open what has the focus"],
    ["r", "a random galaxy, on Reconstruct and Search"], ["/", "the search box, on Search"],
    ["f", "flag the label of a galaxy as doubtful, on Evaluate and among odd ones"],
    ["0 … 5", "rate an odd galaxy and go on, on Search; u takes back, l learns"],
    ["?", "this list"], ["Esc", "close it"],
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
