// What runs have to say: a bell with the count of what this browser has not seen, and the list behind it.

const SEEN = "galaxyscope-notice"
const NOTICE_WORDS = { done: "done", failed: "failed", died: "died, taken up again", diverged: "diverged", stalled: "stalls" }
const NOTICE_TONES = { done: "good", failed: "bad", died: "warn", diverged: "bad", stalled: "warn" }
const BELL = "M8 1.8a4 4 0 0 0-4 4v3l-1.6 2.6h11.2L12 8.8v-3a4 4 0 0 0-4-4M6.5 13.4a1.6 1.6 0 0 0 3 0"
const TOAST_S = 60

/** The newest notice's id, as the server has it: what is newer than seen is fetched and counted. */
async function hearNotices(state, newest) {
  if (seenNotice() === null) seeNotices(newest) // what was said before the first visit is no news
  if (newest === state.heard) return
  state.heard = newest
  try {
    state.told = newest ? await ask("/notices?limit=30") : []
    drawBell(state)
  } catch {
    state.heard = null // asked again with the next word
  }
}

function drawBell(state) {
  const fresh = state.told.filter(({ id }) => id > seenNotice()).length
  const words = fresh ? `${fresh} new ${fresh === 1 ? "notice" : "notices"}` : "Notices"
  const bell = el("button", { class: fresh ? "bell fresh" : "bell", title: words, "aria-label": words, hidden: !state.told.length }, svgShape("ring", BELL), fresh ? String(fresh) : null)
  bell.onclick = () => openNotices(state)
  renew(state.notices, bell, noticeToast(state))
}

/** The newest that nobody has seen, while it is young. */
function noticeToast(state) {
  const [newest] = state.told
  if (!newest || newest.id <= seenNotice() || secondsSince(newest.at) > TOAST_S) return null
  clearTimeout(state.toastTimer)
  state.toastTimer = setTimeout(() => drawBell(state), 1000 * (TOAST_S + 1 - secondsSince(newest.at)))
  return el("p", { class: "toast", role: "status", "data-id": newest.id }, noticeLink(newest))
}

const noticeLink = ({ run_id: run, words }) => el("a", { href: `/run?run=${encodeURIComponent(run)}` }, words)

function openNotices(state) {
  const close = el("button", {}, "Close")
  const item = (one) => el("li", { class: one.id > seenNotice() ? "fresh" : "" },
    el("span", { class: `gx-tone-${NOTICE_TONES[one.kind]}` }, NOTICE_WORDS[one.kind]), noticeLink(one), el("span", { class: "gx-soft", title: clockTime(one.at) }, ago(one.at)))
  const dialog = el("dialog", { "aria-label": "Notices" }, el("h2", {}, "Notices"), el("ul", {}, state.told.map(item)),
    el("p", { class: "gx-soft" }, "They can be sent to an address of yours: ", el("a", { href: "/machine" }, "Machine"), "."), close)
  close.onclick = () => dialog.close()
  dialog.onclose = () => { dialog.remove(); drawBell(state) }
  state.notices.getRootNode().querySelector(".gx-header").append(dialog)
  dialog.showModal()
  seeNotices(Math.max(0, ...state.told.map(({ id }) => id)))
}

let seenHere = null // where the browser keeps nothing

function seenNotice() {
  try {
    const kept = localStorage.getItem(SEEN)
    return kept === null ? seenHere : Number(kept)
  } catch {
    return seenHere
  }
}

function seeNotices(id) {
  seenHere = id
  try { localStorage.setItem(SEEN, String(id)) } catch { /* a private window */ }
}
