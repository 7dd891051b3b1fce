// The galaxy shown: image, neighbours and their labels, and the rating controls.

import { galaxyPicture, nameOfGalaxy, simulatedTag } from "../../../ui/galaxies/galaxy_dialog.js"
import { flagShape } from "../../../ui/galaxies/label_flags.js"
import { skyLinks } from "../../../ui/galaxies/sky_links.js"
import { el, renew } from "../../../ui/kit/dom.js"
import { clamp, isNumber, percent } from "../../../ui/kit/format.js"
import { datasetNow, spaceOf } from "../space.js"
import { flagHere, here, rate, undo, walk } from "./actions.js"
import { loadMore } from "./net.js"
import { showQueue, showSays } from "./queue.js"

/** @import { Galaxy, NearGalaxy, OddGalaxy } from "../../../api/contract.d.ts" */
/** @import { Children } from "../../../ui/kit/dom.js" */
/** @import { DatasetOption, OddState, Reviewed } from "../state.d.ts" */

const RATE_WORDS = ["not interesting", "", "", "", "", "most interesting"]
const AHEAD_PICTURES = 3
const NEAR_MS = 120 // delay of the neighbours, so that quick stepping does not load them

/** @param {OddState} state */
export function buildGalaxy(state) {
  state.picture = el("div", { class: "picture" })
  state.about = el("div", { class: "about" })
  state.near = el("div", { class: "near", role: "group", "aria-label": "Neighbours, nearest first" })
  state.rates = [0, 1, 2, 3, 4, 5].map((value) => el("button", { class: "rate", "aria-keyshortcuts": String(value), onClick: () => rate(state, value),
    "aria-label": `Rate ${value}${RATE_WORDS[value] ? `, ${RATE_WORDS[value]}` : ""}`, title: `Key ${value}` }, String(value)))
  const tool = (/** @type {Children} */ words, /** @type {string} */ keys, /** @type {string} */ title, /** @type {() => void} */ act) =>
    el("button", { "aria-keyshortcuts": keys, title, "aria-label": title, onClick: act }, words)
  state.flagBox = tool([flagShape(false), el("span", {}, " Flag label")], "f", "Flag label as doubtful (f)", () => flagHere(state))
  state.undoBox = tool("Undo", "u", "Undo the last rating or flag (u)", () => undo(state))
  state.backBox = tool("←", "ArrowLeft", "Previous galaxy (←)", () => walk(state, -1))
  state.nextBox = tool("→", "ArrowRight", "Next galaxy without rating this one (→)", () => walk(state, 1))
  const acts = el("div", { class: "acts" }, el("div", { class: "group rates", role: "group", "aria-label": "How interesting, 0 to 5" },
    state.rates), el("div", { class: "group" }, state.backBox, state.nextBox, state.undoBox, state.flagBox))
  state.messageBox = el("div", { class: "messages" })
  return (state.body = el("div", { class: "both" }, state.picture, el("div", { class: "side" }, acts, state.messageBox, state.about, state.near)))
}

/** @param {OddState} state */
export function showReview(state) {
  const one = here(state), of = datasetNow(state)
  state.body.hidden = !one
  state.root.dataset.row = String(one?.galaxy.row ?? "")
  showSays(state)
  showQueue(state)
  if (!one || !of) return
  showPicture(state, of, one.galaxy)
  renew(state.about, aboutGalaxy(state, of, one))
  showNeighbours(state, of, one)
  showActions(state, one)
  for (const next of state.list.slice(state.at + 1, state.at + 1 + AHEAD_PICTURES)) new Image().src = galaxyPicture(of, next.galaxy.row, 512).src
  loadMore(state)
}

/** @param {OddState} state @param {DatasetOption} of @param {Galaxy} galaxy */
function showPicture(state, of, galaxy) {
  const picture = galaxyPicture(of, galaxy.row, 512, nameOfGalaxy(galaxy))
  picture.loading = "eager"
  picture.fetchPriority = "high"
  picture.classList.toggle("crisp", 420 > 2 * of.img_size)
  if (state.picture.querySelector("img")?.src !== picture.src) state.picture.replaceChildren(picture)
}

/** @param {OddState} state @param {DatasetOption} of @param {Reviewed} one */
function showNeighbours(state, of, one) {
  if (state.nearTo === one) return
  state.nearTo = one
  clearTimeout(state.nearTimer)
  state.near.classList.add("coming")
  state.nearTimer = window.setTimeout(() => {
    renew(state.near, one.neighbours.map((other) => neighbourLink(state, of, one.galaxy, other)))
    state.near.classList.remove("coming")
  }, NEAR_MS)
}

/** @param {OddState} state @param {Reviewed} one */
function showActions(state, one) {
  state.rates.forEach((button, value) => button.setAttribute("aria-pressed", String(one.rating === value)))
  const flagged = state.doubts.flags.has(one.galaxy.row)
  state.flagBox.setAttribute("aria-pressed", String(flagged))
  renew(state.flagBox, flagShape(flagged), el("span", {}, flagged ? " Flagged" : " Flag label"))
  state.flagBox.disabled = one.galaxy.label === null
  state.undoBox.disabled = !state.actions.length
  state.backBox.disabled = !state.at
  state.nextBox.disabled = state.at >= state.list.length - 1
}

/** @param {OddState} state @param {DatasetOption} of @param {Reviewed} one */
function aboutGalaxy(state, of, one) {
  const { galaxy, links } = one
  const facts = [`row ${galaxy.row}`, galaxy.source_id, galaxy.split, isNumber(galaxy.redshift) ? `z ${galaxy.redshift.toFixed(4)}` : null].filter(Boolean).join(" · ")
  return [
    el("p", { class: "name" }, el("b", {}, galaxy.label ?? "no label"), el("span", { class: "gx-soft" }, facts)),
    el("p", { class: "verdict" }, neighbourLabels(one)),
    el("p", { class: "gx-soft" }, scoreWords(one)),
    el("p", { class: "links" }, simulatedTag(of), skyLinks(links),
      el("a", { href: likePath(state, galaxy.row) }, "Similar"),
      el("a", { href: `/reconstruct?${new URLSearchParams({ run: state.view.run, dataset: of.dataset, row: String(galaxy.row) })}` }, "Reconstruct"))]
}

/** @param {OddGalaxy} one */
function neighbourLabels({ galaxy, says }) {
  if (!says) return ""
  if (galaxy.label === null) return `${says.agree} of ${says.of} neighbours are ${says.label}.`
  if (says.label === galaxy.label) return `${says.agree} of ${says.of} neighbours are ${says.label}, like this galaxy.`
  return `${says.agree} of ${says.of} neighbours are ${says.label}; ${says.own} of ${says.of} are ${galaxy.label}, like this galaxy.`
}

/** @param {Reviewed} one */
function scoreWords({ score, scored: { by, k, learn } }) {
  if (score === null) return by === "mislabel" ? "This galaxy has no label." : ""
  if (by === "isolation") return `Mean distance to ${k} neighbours: ${score.toFixed(3)} (1 − cosine).`
  if (by === "mislabel") return `Share of ${k} neighbours with another label, weighted by similarity: ${percent(score)}.`
  return learn === "flags" ? `Predicted flag: ${score.toFixed(2)} (1 is flagged).` : `Predicted rating: ${clamp(score, 0, 5).toFixed(1)} of 5.`
}

/** @param {OddState} state @param {number} row */
const likePath = (state, row) => `/search?${new URLSearchParams(Object.entries({ ...spaceOf(state), row }).map(([name, value]) => [name, String(value)]))}`

/** @param {OddState} state @param {DatasetOption} of @param {Galaxy} galaxy @param {NearGalaxy} other */
function neighbourLink(state, of, galaxy, other) {
  const differs = galaxy.label !== null && other.label !== null && other.label !== galaxy.label
  const words = `Galaxy ${other.row}${other.label ? `, ${other.label}` : ""}, similarity ${other.similarity.toFixed(3)}`
  return el("a", { class: differs ? "differs" : "", href: likePath(state, other.row), title: `${words}. Click for similar galaxies`, "data-row": other.row },
    galaxyPicture(of, other.row, 128, words), el("span", {}, `${differs ? "≠ " : ""}${other.label ?? ""}`), el("span", { class: "gx-soft" }, other.similarity.toFixed(2)))
}
