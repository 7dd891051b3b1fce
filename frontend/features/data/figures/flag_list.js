// Labels flagged as doubtful, each with its galaxy, note and date; a removed flag can be restored.

import { galaxyDialog, galaxyPicture, openRow } from "../../../ui/galaxies/galaxy_dialog.js"
import { flagName, labelDoubts, setDoubts, turnFlag } from "../../../ui/galaxies/label_flags.js"
import { API, ask, Refused } from "../../../ui/kit/api.js"
import { makeStore } from "../../../ui/kit/component.js"
import { el } from "../../../ui/kit/dom.js"
import { ago, clockTime, grouped, sentence } from "../../../ui/kit/format.js"

const flagLists = makeStore()

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".gx-flag_list")
  const state = flagLists(parentElement, () => ({ root, view: galaxyDialog() }))
  const key = `${data.dataset} ${data.version}`
  state.of = data
  if (key === state.key) return
  Object.assign(state, { key, doubts: labelDoubts(() => showFlags(state)) })
  loadFlags(state)
}

async function loadFlags(state) {
  const { key, doubts } = state
  try {
    const found = await ask(`/datasets/${encodeURIComponent(state.of.dataset)}/flags`)
    if (key !== state.key) return
    state.found = found
    setDoubts(doubts, found.map((flag) => [flag.row, flag.note]))
    showFlags(state)
  } catch (problem) {
    const words = problem instanceof Refused ? sentence(problem.message) : "The server is not responding."
    state.root.replaceChildren(el("p", { class: "gx-tone-bad", role: "alert" }, words), el("button", { onClick: () => loadFlags(state) }, "Try again"))
  }
}

function showFlags(state) {
  const n = state.doubts.flags.size
  const focused = state.root.getRootNode().activeElement?.dataset?.row
  const file = (word) => el("a", { class: "file", href: `${API}/datasets/${encodeURIComponent(state.of.dataset)}/flags.${word.toLowerCase()}`, download: true }, word)
  const words = n ? `${grouped(n)} ${n === 1 ? "label is" : "labels are"} flagged. Flags do not change labels or scores.`
    : "No labels are flagged. To flag one, press f on a galaxy on the Evaluate page or in the review of odd galaxies on the Search page."
  state.root.replaceChildren(el("p", { class: "head" }, el("span", { class: "gx-soft" }, words), n ? [file("CSV"), file("Parquet")] : null),
    state.doubts.line(), el("ul", {}, state.found.map((flag) => flagItem(state, flag))), state.view.node)
  if (focused) state.root.querySelector(`button[data-row="${focused}"]`)?.focus()
}

function flagItem(state, flag) {
  const on = state.doubts.flags.has(flag.row)
  const picture = el("button", { class: "open", title: "Open" }, galaxyPicture(state.of, flag.row, 96, `Galaxy ${flag.row}, ${flag.label}`))
  picture.onclick = () => openRow(state.view, state.of, flag.row)
  const turn = el("button", { "data-row": flag.row }, on ? "Remove flag" : "Restore flag")
  turn.onclick = () => turnFlag(state.doubts, state.of, flag)
  const note = state.doubts.flags.get(flag.row) ?? flag.note
  return el("li", { class: on ? "" : "off" }, picture, el("div", {}, el("b", {}, flag.label), ` galaxy ${flagName(flag)}`,
    note ? el("p", {}, note) : null, el("p", { class: "gx-soft", title: clockTime(flag.created_at) }, `flagged ${ago(flag.created_at)}`)), turn)
}
