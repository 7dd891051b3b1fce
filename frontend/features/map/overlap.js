// The share of neighbours of a selection that two encoders have in common, which two flat maps cannot show.

import { get } from "../../ui/kit/api.js"
import { el } from "../../ui/kit/dom.js"
import { grouped, percent } from "../../ui/kit/format.js"
import { problemWords } from "../../ui/kit/problems.js"
import { queryNow } from "./steps.js"

/** @import { Overlap } from "../../api/contract.d.ts" */
/** @import { MapState, Pane } from "./state.d.ts" */

const MOST_OVERLAP_ROWS = 1000
const OVERLAP_DELAY_MS = 400 // rest of the slider before the request

/** @param {Pane} pane */
const spaceOfPane = (pane) => {
  const { run, checkpoint, dataset, depth, pooling } = queryNow(pane)
  return { run, checkpoint, dataset, depth, pooling }
}

/** At most MOST_OVERLAP_ROWS of the rows, evenly spaced. @param {number[]} rows */
function thinned(rows) {
  if (rows.length <= MOST_OVERLAP_ROWS) return rows
  return Array.from({ length: MOST_OVERLAP_ROWS }, (_, i) => rows[Math.floor((i * rows.length) / MOST_OVERLAP_ROWS)])
}

/** Fetched once per selection and pair of encoders; hidden if both maps show the same space. @param {MapState} state */
export async function drawOverlap(state) {
  const { panes, chosen, overlapText } = state
  const spaces = panes.map(spaceOfPane)
  const two = spaces.length > 1 && JSON.stringify(spaces[0]) !== JSON.stringify(spaces[1])
  overlapText.hidden = !two || !chosen
  if (!two || !chosen) return
  const both = { space: spaces[0], against: spaces[1] }, rows = thinned(chosen)
  const key = JSON.stringify({ ...both, rows })
  if (key === state.overlapKey) return
  state.overlapKey = key
  overlapText.replaceChildren("Comparing their neighbours…")
  await new Promise((resolve) => setTimeout(resolve, OVERLAP_DELAY_MS))
  if (key !== state.overlapKey) return
  const overlap = (/** @type {object} */ request) => get("/search/overlap", { query: JSON.stringify(request) })
  try {
    const [own, all] = await Promise.all([overlap({ ...both, rows }), overlap(both)])
    if (key === state.overlapKey) overlapText.replaceChildren(...overlapSentence(own, all, chosen.length))
  } catch (problem) {
    if (key !== state.overlapKey) return
    state.overlapKey = null
    overlapText.replaceChildren(problemWords(problem, ""))
  }
}

/** @param {Overlap} own @param {Overlap} all @param {number} chosen */
function overlapSentence(own, all, chosen) {
  const whom = own.n === chosen ? `these ${grouped(chosen)}` : `${grouped(own.n)} of these ${grouped(chosen)}`
  return [`For ${whom}, both encoders share `, el("b", {}, percent(own.overlap)), ` of the ${own.k} nearest neighbours in all dimensions (whole dataset: ${percent(all.overlap)}; chance: ${percent(own.chance)}).`]
}
