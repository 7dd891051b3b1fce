// Notices of runs: a bell with the number of unread ones, and the list.

import { ask } from "../ui/kit/api.js"
import { el, renew, svgShape } from "../ui/kit/dom.js"
import { ago, clockTime, secondsSince } from "../ui/kit/format.js"

const SEEN = "galaxyscope-notice"
const NOTICE_WORDS = { done: "finished", failed: "failed", died: "crashed, resumed", diverged: "diverged", stalled: "stalled" }
const NOTICE_TONES = { done: "good", failed: "bad", died: "warn", diverged: "bad", stalled: "warn" }
const BELL = "M8 1.8a4 4 0 0 0-4 4v3l-1.6 2.6h11.2L12 8.8v-3a4 4 0 0 0-4-4M6.5 13.4a1.6 1.6 0 0 0 3 0"
const TOAST_S = 60

/** Fetches notices when the server has a newer one than known. */
export async function updateNotices(state, newest) {
  if (seenNotice() === null) seeNotices(newest) // notices before the first visit count as read
  if (newest === state.newestNotice) return
  state.newestNotice = newest
  try {
    state.noticeList = newest ? await ask("/notices?limit=30") : []
    drawBell(state)
  } catch {
    state.newestNotice = null // retried with the next poll
  }
}

function drawBell(state) {
  const fresh = state.noticeList.filter(({ id }) => id > seenNotice()).length
  const words = fresh ? `${fresh} new ${fresh === 1 ? "notice" : "notices"}` : "Notices"
  const bell = el("button", { class: fresh ? "bell fresh" : "bell", title: words, "aria-label": words, hidden: !state.noticeList.length }, svgShape("ring", BELL), fresh ? String(fresh) : null)
  bell.onclick = () => openNotices(state)
  renew(state.notices, bell, noticeToast(state))
}

/** The newest unread notice, if recent. */
function noticeToast(state) {
  const [newest] = state.noticeList
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
  const dialog = el("dialog", { "aria-label": "Notices" }, el("h2", {}, "Notices"), el("ul", {}, state.noticeList.map(item)),
    el("p", { class: "gx-soft" }, "To receive notices by webhook, see ", el("a", { href: "/machine" }, "Machine"), "."), close)
  close.onclick = () => dialog.close()
  dialog.onclose = () => { dialog.remove(); drawBell(state) }
  state.notices.getRootNode().querySelector(".gx-header").append(dialog)
  dialog.showModal()
  seeNotices(Math.max(0, ...state.noticeList.map(({ id }) => id)))
}

let seenHere = null // if the browser has no storage

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
