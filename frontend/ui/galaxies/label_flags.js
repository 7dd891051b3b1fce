// Flagging labels as doubtful: flags are saved immediately, and a line reports it with an undo button.

import { send } from "../kit/api.js"
import { el, exists, svgShape, takeText } from "../kit/dom.js"
import { problemWords } from "../kit/problems.js"

/** @import { Child } from "../kit/dom.js" */
/** @typedef {{ row: number, source_id?: string | null }} Flaggable a galaxy, or what a list tells of one */
/** @typedef {{ dataset: string }} Of */
/** The flags of the galaxies of a component: flagged rows with their notes, `change` of their number since they were set, the
 * message of the last one, and `changed`, which redraws what depends on them.
 * @typedef {{ flags: Map<number, string>, change: number, message: () => Child[], last: Promise<void>, changed: () => void,
 *   line: () => HTMLElement }} Doubts
 */

const FLAG = "M4 14V2.5h8.5l-2.2 3 2.2 3H4"
/** @param {boolean} solid */
export const flagShape = (solid) => svgShape(solid ? "solid flag" : "ring", FLAG)
/** @param {KeyboardEvent} event */
export const isFlagKey = (event) => event.key === "f" && !event.metaKey && !event.ctrlKey && !event.altKey

/**
 * @param {() => void} changed
 * @returns {Doubts}
 */
export function labelDoubts(changed) {
  const line = () => el("p", { class: "doubt", role: "status" }, doubts.message())
  /** @type {Doubts} */
  const doubts = { flags: new Map(), change: 0, message: () => [], last: Promise.resolve(), changed, line }
  return doubts
}

/** Replaces all flags by those from the page.
 * @param {Doubts} doubts
 * @param {Iterable<readonly [row: number, note: string]>} flags
 */
export function setDoubts(doubts, flags) {
  Object.assign(doubts, { flags: new Map(flags), change: 0 })
}

/** Sets or removes the flag; clicks are processed in order.
 * @param {Doubts} doubts
 * @param {Of} of
 * @param {Flaggable} galaxy
 */
export function turnFlag(doubts, of, galaxy) {
  doubts.last = doubts.last.then(() => sendFlag(doubts, of, galaxy, !doubts.flags.has(galaxy.row)))
  return doubts.last
}

/** @param {Doubts} doubts @param {Of} of @param {Flaggable} galaxy @param {HTMLInputElement} field */
function noteFlag(doubts, of, galaxy, field) {
  const note = field.value
  doubts.last = doubts.last.then(() => sendFlag(doubts, of, galaxy, true, note, () => takeText(field, note)))
}

/** @param {Doubts} doubts @param {Of} of @param {Flaggable} galaxy @param {boolean} on @param {string} [note] */
async function sendFlag(doubts, of, galaxy, on, note, taken = () => {}) {
  const { flags } = doubts, route = "/datasets/{name}/flags/{row}", params = { name: of.dataset, row: galaxy.row }
  try {
    const flag = on ? await send("put", route, params, exists(note) ? { note } : undefined) : await send("delete", route, params)
    doubts.change += Number(on) - Number(flags.has(galaxy.row))
    taken()
    if (on) flags.set(galaxy.row, flag.note)
    else flags.delete(galaxy.row)
    doubts.message = () => (exists(note) ? [`Note saved for galaxy ${flagName(galaxy)}.`] : wordsOfFlag(doubts, of, galaxy, on))
  } catch (problem) {
    const words = problemWords(problem, "The server is not responding; nothing was changed.")
    doubts.message = () => [el("span", { class: "gx-tone-bad" }, words)]
  }
  doubts.changed()
}

/** @param {Flaggable} galaxy */
export const flagName = ({ row, source_id: source }) => (source ? `${row} (${source})` : String(row))

/** @param {Doubts} doubts @param {Of} of @param {Flaggable} galaxy @param {boolean} on */
function wordsOfFlag(doubts, of, galaxy, on) {
  if (!on) return [`Flag of galaxy ${flagName(galaxy)} removed.`]
  const undo = el("button", { class: "undo", "data-of": `${of.dataset} ${galaxy.row}` }, "Undo")
  undo.onclick = () => { if (doubts.flags.has(galaxy.row)) turnFlag(doubts, of, galaxy) }
  return [`Label of galaxy ${flagName(galaxy)} flagged. `, undo]
}

/** The controls in the dialog of a galaxy: the flag and its note.
 * @param {Doubts} doubts
 * @param {Of} of
 * @param {Flaggable} galaxy
 */
export function flagControl(doubts, of, galaxy) {
  const flagged = doubts.flags.has(galaxy.row)
  const button = el("button", { class: "flag-label", "data-item": `flag ${galaxy.row}`, "aria-pressed": String(flagged), "aria-keyshortcuts": "f",
    title: "Key f. Flags do not change labels or scores.", onClick: () => turnFlag(doubts, of, galaxy) },
    flagShape(flagged), flagged ? " Label flagged as doubtful" : " Flag the label as doubtful")
  if (!flagged) return [button]
  const note = el("input", { class: "text why", "data-item": `why ${galaxy.row}`, maxlength: 500, placeholder: "Reason (optional)", "aria-label": "Why the label is doubtful", value: doubts.flags.get(galaxy.row) })
  note.onchange = () => noteFlag(doubts, of, galaxy, note)
  return [button, note]
}
