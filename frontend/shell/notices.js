// Notices of runs: a bell with the number of unread ones, and the list.

import { get } from "../ui/kit/api.js"
import { el, find, renew, svgShape } from "../ui/kit/dom.js"
import { ago, clockTime, plural, secondsSince } from "../ui/kit/format.js"
import { runHref } from "../ui/kit/run.js"
import { recall, remember } from "../ui/kit/storage.js"

/** @import { Notice, NoticeKind } from "../api/contract.d.ts" */
/** @typedef {{ place: HTMLElement, list: Notice[], newest: number | null, timer?: number }} Notices */

const SEEN = "galaxyscope-notice"
/** @type {Record<NoticeKind, [tone: string, words: string]>} */
const KINDS = {
  done: ["good", "finished"], failed: ["bad", "failed"], died: ["warn", "crashed, resumed"], diverged: ["bad", "diverged"], stalled: ["warn", "stalled"],
}
const BELL = "M8 1.8a4 4 0 0 0-4 4v3l-1.6 2.6h11.2L12 8.8v-3a4 4 0 0 0-4-4M6.5 13.4a1.6 1.6 0 0 0 3 0"
const TOAST_S = 60

/** Fetches notices when the server has a newer one than known. @param {Notices} state @param {number} newest */
export async function updateNotices(state, newest) {
  if (seenNotice() === null) seeNotices(newest) // notices before the first visit count as read
  if (newest === state.newest) return
  state.newest = newest
  try {
    state.list = newest ? await get("/notices", { limit: 30 }) : []
    drawBell(state)
  } catch {
    state.newest = null // retried with the next poll
  }
}

/** @param {Notice} notice */
const isFresh = ({ id }) => id > (seenNotice() ?? 0)

/** @param {Notices} state */
function drawBell(state) {
  const fresh = state.list.filter(isFresh).length
  const words = fresh ? plural(fresh, "new notice") : "Notices"
  const bell = el("button", { class: fresh ? "bell fresh" : "bell", title: words, "aria-label": words, hidden: !state.list.length }, svgShape("ring", BELL), fresh || null)
  bell.onclick = () => openNotices(state)
  renew(state.place, bell, noticeToast(state))
}

/** The newest unread notice, if recent. @param {Notices} state */
function noticeToast(state) {
  const [newest] = state.list
  if (!newest || !isFresh(newest) || secondsSince(newest.at) > TOAST_S) return null
  clearTimeout(state.timer)
  state.timer = window.setTimeout(() => drawBell(state), 1000 * (TOAST_S + 1 - secondsSince(newest.at)))
  return el("p", { class: "toast", role: "status", "data-id": newest.id }, noticeLink(newest))
}

/** @param {Notice} notice */
const noticeLink = ({ run_id: run, words }) => el("a", { href: runHref(run) }, words)

/** @param {Notices} state */
function openNotices(state) {
  const close = el("button", {}, "Close")
  const items = state.list.map((one) => {
    const [tone, words] = KINDS[one.kind]
    return el("li", { class: isFresh(one) ? "fresh" : "" },
      el("span", { class: `gx-tone-${tone}` }, words), noticeLink(one), el("span", { class: "gx-soft", title: clockTime(one.at) }, ago(one.at)))
  })
  const dialog = el("dialog", { "aria-label": "Notices" }, el("h2", {}, "Notices"), el("ul", {}, items),
    el("p", { class: "gx-soft" }, "To receive notices by webhook, see ", el("a", { href: "/machine" }, "Machine"), "."), close)
  close.onclick = () => dialog.close()
  dialog.onclose = () => { dialog.remove(); drawBell(state) }
  find(/** @type {Document | ShadowRoot} */ (state.place.getRootNode()), ".gx-header").append(dialog)
  dialog.showModal()
  seeNotices(Math.max(0, ...state.list.map(({ id }) => id)))
}

/** @type {number | null} */
let seenHere = null // if the browser has no storage

const seenNotice = () => recall(SEEN, seenHere, "localStorage")

/** @param {number} id */
function seeNotices(id) {
  seenHere = id
  remember(SEEN, id, "localStorage")
}
