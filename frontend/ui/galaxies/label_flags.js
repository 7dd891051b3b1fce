// Flagging labels as doubtful: flags are saved immediately, and a line reports it with an undo button. `flags` maps
// flagged rows to their notes. A galaxy is {row, source_id}.

import { ask, Refused } from "../kit/api.js"
import { el, exists, svgShape, takeText } from "../kit/dom.js"
import { sentence } from "../kit/format.js"

const FLAG = "M4 14V2.5h8.5l-2.2 3 2.2 3H4"
export const flagShape = (solid) => svgShape(solid ? "solid flag" : "ring", FLAG)
export const isFlagKey = (event) => event.key === "f" && !event.metaKey && !event.ctrlKey && !event.altKey
const flagPath = (of, row) => `/datasets/${encodeURIComponent(of.dataset)}/flags/${row}`

/** The flags of the galaxies of a component; `changed()` redraws what depends on them. */
export function labelDoubts(changed) {
  const doubts = { flags: new Map(), change: 0, message: () => [], last: Promise.resolve(), changed }
  doubts.line = () => el("p", { class: "doubt", role: "status" }, doubts.message())
  return doubts
}

/** Replaces all flags by those from the page. */
export function setDoubts(doubts, flags) {
  doubts.flags = new Map(flags)
  doubts.change = 0
}

/** Sets or removes the flag; clicks are processed in order. */
export function turnFlag(doubts, of, galaxy) {
  doubts.last = doubts.last.then(() => sendFlag(doubts, of, galaxy, !doubts.flags.has(galaxy.row), null))
  return doubts.last
}

function noteFlag(doubts, of, galaxy, field) {
  const note = field.value
  doubts.last = doubts.last.then(() => sendFlag(doubts, of, galaxy, true, note, () => takeText(field, note)))
  return doubts.last
}

async function sendFlag(doubts, of, galaxy, on, note, taken = () => {}) {
  const { flags } = doubts
  try {
    const body = exists(note) ? { headers: { "Content-Type": "application/json" }, body: JSON.stringify({ note }) } : {}
    const flag = await ask(flagPath(of, galaxy.row), { method: on ? "PUT" : "DELETE", ...body })
    doubts.change += Number(on) - Number(flags.has(galaxy.row))
    taken()
    if (on) flags.set(galaxy.row, flag.note)
    else flags.delete(galaxy.row)
    doubts.message = () => (exists(note) ? [`Note saved for galaxy ${flagName(galaxy)}.`] : wordsOfFlag(doubts, of, galaxy, on))
  } catch (problem) {
    const words = problem instanceof Refused ? sentence(problem.message) : "The server is not responding; nothing was changed."
    doubts.message = () => [el("span", { class: "gx-tone-bad" }, words)]
  }
  doubts.changed()
}

export const flagName = (galaxy) => (galaxy.source_id ? `${galaxy.row} (${galaxy.source_id})` : String(galaxy.row))

function wordsOfFlag(doubts, of, galaxy, on) {
  if (!on) return [`Flag of galaxy ${flagName(galaxy)} removed.`]
  const undo = el("button", { class: "undo", "data-of": `${of.dataset} ${galaxy.row}` }, "Undo")
  undo.onclick = () => { if (doubts.flags.has(galaxy.row)) turnFlag(doubts, of, galaxy) }
  return [`Label of galaxy ${flagName(galaxy)} flagged. `, undo]
}

/** The controls in the dialog of a galaxy: the flag and its note. */
export function flagControl(doubts, of, galaxy) {
  const flagged = doubts.flags.has(galaxy.row)
  const button = el("button", { class: "flag-label", "data-item": `flag ${galaxy.row}`, "aria-pressed": String(flagged), "aria-keyshortcuts": "f", title: "Key f. Flags do not change labels or scores." },
    flagShape(flagged), flagged ? " Label flagged as doubtful" : " Flag the label as doubtful")
  button.onclick = () => turnFlag(doubts, of, galaxy)
  if (!flagged) return [button]
  const note = el("input", { class: "why", "data-item": `why ${galaxy.row}`, maxlength: 500, placeholder: "Reason (optional)", "aria-label": "Why the label is doubtful", value: doubts.flags.get(galaxy.row) })
  note.onchange = () => noteFlag(doubts, of, galaxy, note)
  return [button, note]
}
