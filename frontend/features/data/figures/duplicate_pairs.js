// Pairs of near-duplicates across splits, side by side.

import { galaxyDialog, galaxyPicture, openRow } from "../../../ui/galaxies/galaxy_dialog.js"
import { makeStore } from "../../../ui/kit/component.js"
import { el, find } from "../../../ui/kit/dom.js"

/** @import { DuplicatePair, PictureSource } from "../../../api/contract.d.ts" */
/** @import { GalaxyDialog } from "../../../ui/galaxies/galaxy_dialog.js" */
/** @typedef {{ view: GalaxyDialog, pairs: HTMLElement, drawn: string }} State */

/** @type {ReturnType<typeof makeStore<State>>} */
const duplicateViews = makeStore()

/** @param {import("../../../ui/kit/mount.d.ts").Mounting<PictureSource & { pairs: DuplicatePair[] }>} mounting */
export default function ({ data, parentElement }) {
  const root = find(parentElement, ".gx-duplicate_pairs")
  const state = duplicateViews(parentElement, () => {
    const made = { pairs: el("div", { class: "pairs" }), view: galaxyDialog(), drawn: "" }
    root.replaceChildren(made.pairs, made.view.node)
    return made
  })
  const key = JSON.stringify(data)
  if (key === state.drawn) return
  state.drawn = key
  state.pairs.replaceChildren(...data.pairs.map((pair) => pairCard(state.view, data, pair)))
}

/** @param {GalaxyDialog} view @param {PictureSource} of @param {DuplicatePair} pair */
function pairCard(view, of, pair) {
  const how = pair.how === "same" ? "same orientation" : pair.how
  const side = (/** @type {number} */ row, /** @type {string} */ split) =>
    el("button", { title: `Open row ${row}`, onClick: () => openRow(view, of, row) }, galaxyPicture(of, row, 160),
      el("span", {}, el("b", {}, split), ` row ${row}`))
  return el("figure", {}, side(pair.row, pair.split), side(pair.other, pair.other_split),
    el("figcaption", {}, `${how} · RMS difference ${pair.rms_levels.toFixed(1)} of 255 levels`))
}
