// Labels flagged as doubtful, each with its galaxy, note and date; a removed flag can be restored.

import { galaxyDialog, galaxyPicture, openRow } from "../../../ui/galaxies/galaxy_dialog.js"
import { flagName, labelDoubts, setDoubts, turnFlag } from "../../../ui/galaxies/label_flags.js"
import { address, get } from "../../../ui/kit/api.js"
import { makeStore } from "../../../ui/kit/component.js"
import { el, find, keepFocus } from "../../../ui/kit/dom.js"
import { ago, clockTime, grouped } from "../../../ui/kit/format.js"
import { tryAgain } from "../../../ui/kit/problems.js"

/** @import { LabelFlag, PictureSource } from "../../../api/contract.d.ts" */
/** @typedef {ReturnType<typeof build>} State */

/** @type {ReturnType<typeof makeStore<State>>} */
const flagLists = makeStore()

/** @param {import("../../../ui/kit/mount.d.ts").Mounting<PictureSource>} mounting */
export default function ({ data, parentElement }) {
  const state = flagLists(parentElement, () => build(find(parentElement, ".gx-flag_list"), data))
  const key = `${data.dataset} ${data.version}`
  state.of = data
  if (key === state.key) return
  Object.assign(state, { key, doubts: labelDoubts(() => showFlags(state)) })
  loadFlags(state)
}

/** @param {HTMLElement} root @param {PictureSource} of */
function build(root, of) {
  return { root, of, view: galaxyDialog(), key: "", found: /** @type {LabelFlag[]} */ ([]), doubts: labelDoubts(() => {}) }
}

/** @param {State} state */
async function loadFlags(state) {
  const { key, doubts } = state
  try {
    const found = await get("/datasets/{name}/flags", { name: state.of.dataset })
    if (key !== state.key) return
    state.found = found
    setDoubts(doubts, found.map((flag) => [flag.row, flag.note]))
    showFlags(state)
  } catch (problem) {
    state.root.replaceChildren(...tryAgain(problem, () => loadFlags(state)))
  }
}

/** @param {State} state */
function showFlags(state) {
  const n = state.doubts.flags.size
  const file = (/** @type {string} */ word) => {
    const href = address("/datasets/{name}/flags.{file_format}", { name: state.of.dataset, file_format: word.toLowerCase() })
    return el("a", { class: "file", href, download: true }, word)
  }
  const words = n ? `${grouped(n)} ${n === 1 ? "label is" : "labels are"} flagged. Flags do not change labels or scores.`
    : "No labels are flagged. To flag one, press f on a galaxy on the Evaluate page or in the review of odd galaxies on the Search page."
  keepFocus(state.root, () => state.root.replaceChildren(
    el("p", { class: "head" }, el("span", { class: "gx-soft" }, words), n ? [file("CSV"), file("Parquet")] : null),
    state.doubts.line(), el("ul", {}, state.found.map((flag) => flagItem(state, flag))), state.view.node), "row")
}

/** @param {State} state @param {LabelFlag} flag */
function flagItem({ of, view, doubts }, flag) {
  const on = doubts.flags.has(flag.row), note = doubts.flags.get(flag.row) ?? flag.note
  return el("li", { class: on ? "" : "off" },
    el("button", { class: "open", title: "Open", onClick: () => openRow(view, of, flag.row) },
      galaxyPicture(of, flag.row, 96, `Galaxy ${flag.row}, ${flag.label}`)),
    el("div", {}, el("b", {}, flag.label), ` galaxy ${flagName(flag)}`, note ? el("p", {}, note) : null,
      el("p", { class: "gx-soft", title: clockTime(flag.created_at) }, `flagged ${ago(flag.created_at)}`)),
    el("button", { "data-row": flag.row, onClick: () => turnFlag(doubts, of, flag) }, on ? "Remove flag" : "Restore flag"))
}
