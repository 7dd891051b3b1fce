// Reviewing odd galaxies one at a time with the labels of their neighbours: keys rate and advance, actions can be undone,
// and ratings can be used to learn a ranking.

import { labelDoubts } from "../../../ui/galaxies/label_flags.js"
import { latestWins, listenToPage } from "../../../ui/galaxies/picking.js"
import { isNewAddress, makeStore, reportView } from "../../../ui/kit/component.js"
import { el } from "../../../ui/kit/dom.js"
import { buildSpace, showSpace } from "../space.js"
import { flagHere, learn, rate, undo, walk } from "./actions.js"
import { buildBar, showBar } from "./bar.js"
import { buildGalaxy, showReview } from "./galaxy.js"
import { loadRanking } from "./net.js"
import { readOutbox, sendUnsent } from "./outbox.js"
import { buildQueue } from "./queue.js"

/** @import { Mounting } from "../../../ui/kit/mount.d.ts" */
/** @import { Action, OddState, OddView, Reviewed } from "../state.d.ts" */

/** @type {ReturnType<typeof makeStore<OddState>>} */
const reviews = makeStore()
export const ODD_REPORT_MS = 150
export const REST_MS = 2000 // before the galaxy shown is reported for the address, so that not every key triggers a rerun

/** @param {Mounting<OddState["data"]>} mounting */
export default function ({ data, parentElement, setTriggerValue }) {
  const state = reviews(parentElement, () => build(/** @type {HTMLElement} */ (parentElement.querySelector(".gx-odd_review"))))
  const embedded = JSON.stringify(data.state)
  const changed = state.embedded !== embedded
  Object.assign(state, { data, embedded })
  state.send = (view) => setTriggerValue("view", { view, seq: ++state.seq })
  state.leave ??= listenToPage(reviewKeys(state), () => {})
  if (isNewAddress(state, data)) adopt(state, data.view)
  else if (changed) showAll(state)
  sendUnsent(state)
  return () => leave(state)
}

/** @param {OddState} state */
function reviewKeys(state) {
  const rates = Object.fromEntries([0, 1, 2, 3, 4, 5].map((value) => [String(value), () => rate(state, value)]))
  return { ...rates, ArrowRight: () => walk(state, 1), ArrowLeft: () => walk(state, -1), u: () => undo(state),
    f: () => flagHere(state), l: () => learn(state) }
}

/** @param {HTMLElement} root */
function build(root) {
  const state = /** @type {OddState} */ ({ root, left: true, seq: 0, ticket: 0, list: /** @type {Reviewed[]} */ ([]), at: 0, received: new Map(), actions: /** @type {Action[]} */ ([]), touched: new Set(),
    outbox: readOutbox(), page: null, problem: null, message: "", rated: 0, shown: null })
  state.change = (changes) => change(state, changes)
  state.doubts = labelDoubts(() => showReview(state))
  state.queueLoad = latestWins(() => loadRanking(state))
  state.alerts = el("div", { class: "says" })
  state.says = el("div", { class: "says counts" })
  root.replaceChildren(buildSpace(state), el("div", { class: "all" }, buildBar(state), state.alerts, state.says, buildGalaxy(state), buildQueue(state)))
  return state
}

/** @param {OddState} state */
function leave(state) {
  state.leave?.()
  state.leave = null
  clearTimeout(state.reportTimer)
  clearTimeout(state.sendTimer)
  state.left = true
}

/** Applies the view of the address. @param {OddState} state @param {OddView} view */
function adopt(state, view) {
  Object.assign(state, { left: false, sent: null })
  state.view = structuredClone(view)
  showAll(state)
}

/** @param {OddState} state */
function showAll(state) {
  showSpace(state)
  showBar(state)
  state.root.classList.toggle("waiting", !state.data.state?.ready)
  state.queueLoad()
}

/** Applies a change, which may show another galaxy. @param {OddState} state @param {Partial<OddView>} changes */
export function change(state, changes) {
  state.ticket++
  Object.assign(state.view, { row: null }, changes)
  state.problem = null
  showAll(state)
  reportView(state, ODD_REPORT_MS)
}
