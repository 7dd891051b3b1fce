// Pairs of near-duplicates across splits, side by side.

import { galaxyDialog, galaxyPicture, openRow } from "../../../ui/galaxies/galaxy_dialog.js"
import { makeStore } from "../../../ui/kit/component.js"
import { el } from "../../../ui/kit/dom.js"

const duplicateViews = makeStore()

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".gx-duplicate_pairs")
  const state = duplicateViews(parentElement, () => {
    const made = { pairs: el("div", { class: "pairs" }), view: galaxyDialog() }
    root.replaceChildren(made.pairs, made.view.node)
    return made
  })
  const key = JSON.stringify(data)
  if (key === state.drawn) return
  state.drawn = key
  state.pairs.replaceChildren(...data.pairs.map((pair) => pairCard(state, data, pair)))
}

function pairCard(state, of, pair) {
  const how = pair.how === "same" ? "same orientation" : pair.how
  return el("figure", {}, side(state, of, pair.row, pair.split), side(state, of, pair.other, pair.other_split),
    el("figcaption", {}, `${how} · RMS difference ${pair.rms_levels.toFixed(1)} of 255 levels`))
}

function side(state, of, row, split) {
  const button = el("button", { title: `Open row ${row}` }, galaxyPicture(of, row, 160),
    el("span", {}, el("b", {}, split), ` row ${row}`))
  button.onclick = () => openRow(state.view, of, row)
  return button
}
