// The galaxies of a cell as a grid, with true class, predicted class and confidence; Enter opens a galaxy, f flags its label.

import { factList, fillDialog, galaxyDialog, galaxyPicture, inDegrees, moveAmong, simulatedTag } from "../../ui/galaxies/galaxy_dialog.js"
import { flagControl, flagShape, isFlagKey, labelDoubts, setDoubts, turnFlag } from "../../ui/galaxies/label_flags.js"
import { address, get } from "../../ui/kit/api.js"
import { makeStore } from "../../ui/kit/component.js"
import { el, find, renew, svgShape } from "../../ui/kit/dom.js"
import { grouped, isNumber, percent } from "../../ui/kit/format.js"
import { tryAgain } from "../../ui/kit/problems.js"
import { cellTitle, pagesNear } from "./grid_words.js"
import { choose, currentView, follow, take } from "./shown.js"

/** @import { PictureSource, Prediction, PredictionPage } from "../../api/contract.d.ts" */
/** @import { Address } from "./shown.js" */

/** `of` has the images, if the dataset is there; `encoder` is the run that links lead to.
 * @typedef {Address & { evaluation: string, dataset: string, of: PictureSource | null, encoder: string | null, classes: string[] }} Data
 */

/** `asked` tells which page is shown or on its way, `drawn` what was drawn last.
 * @typedef {ReturnType<typeof build>} State
 */

/** @type {ReturnType<typeof makeStore<State>>} */
const predictionGrids = makeStore()
const PER_PAGE = 30
const SEEDS = 2 ** 30
/** @type {PredictionPage} */
const NO_PAGE = { evaluation: "", dataset: null, class_names: [], total: 0, flags: 0, predictions: [] }

/** @param {import("../../ui/kit/mount.d.ts").Mounting<Data>} mounting */
export default function ({ data, parentElement }) {
  const state = predictionGrids(parentElement, () => build(find(parentElement, ".gx-prediction_grid"), data))
  state.data = data
  take(data)
  state.stop ??= follow(() => load(state))
  load(state)
  if (state.drawn) draw(state)
  return () => {
    state.stop?.()
    state.stop = null
  }
}

/** @param {HTMLElement} root @param {Data} data */
function build(root, data) {
  const state = {
    data, found: NO_PAGE, at: 0, asked: "", drawn: "", stop: /** @type {(() => void) | null} */ (null),
    title: el("p", { class: "title", role: "status" }), notes: el("div", {}, el("div", { class: "gx-bone wait" })),
    cells: el("div", { class: "cells", role: "group", "aria-label": "Matching galaxies" }), line: el("div", { class: "line" }),
    foot: el("div", { class: "foot" }), bar: el("div", { class: "bar" }), dialogFlag: el("div", { class: "doubts" }),
    doubts: labelDoubts(() => mark(state)),
    view: galaxyDialog((step) => { if (state.found.predictions[state.at + step]) open(state, state.at + step) },
      (event) => { if (isFlagKey(event)) flag(state, state.found.predictions[state.at]) }),
  }
  state.cells.onkeydown = (event) => {
    const target = /** @type {Node} */ (event.target)
    if (isFlagKey(event)) flag(state, state.found.predictions[[...state.cells.children].findIndex((box) => box.contains(target))])
    else moveAmong(state.cells, event)
  }
  state.bar.onclick = ({ target }) => {
    const { page, seed } = target instanceof HTMLElement ? target.dataset : {}
    if (page) choose({ page: Number(page) })
    if (seed) choose({ seed: Number(seed), page: 1 })
  }
  root.replaceChildren(state.title, state.notes, state.cells, state.line, state.foot, state.bar, state.view.node)
  return state
}

/** Where images and flags are: nowhere if the dataset was deleted.
 * @param {State} state
 */
const sourceOf = ({ data, found }) => (found.dataset === null ? null : data.of)

/** Asks for the page of the view, if it is not shown or on its way.
 * @param {State} state
 */
async function load(state) {
  const { evaluation, classes } = state.data
  const { split, flagged, order, seed, page, ...view } = currentView()
  const indexOf = (/** @type {string | null} */ name) => (name === null ? null : classes.indexOf(name))
  const params = {
    evaluation_id: evaluation, true: indexOf(view.true), predicted: indexOf(view.predicted), split, flagged_only: flagged,
    confidence_min: view.min / 100, confidence_max: view.max / 100, order, seed, offset: PER_PAGE * (page - 1), limit: PER_PAGE }
  const asked = JSON.stringify(params)
  if (asked === state.asked) return
  state.asked = asked
  state.cells.classList.add("waiting")
  try {
    const found = await get("/evaluations/{evaluation_id}/predictions", params)
    if (asked !== state.asked) return
    if (page > 1 && found.total && !found.predictions.length) return choose({ page: 1 })
    state.found = found
    draw(state)
  } catch (problem) {
    if (asked !== state.asked) return
    Object.assign(state, { found: NO_PAGE, asked: "", drawn: "" })
    for (const node of [state.title, state.cells, state.line, state.foot, state.bar]) node.replaceChildren()
    state.notes.replaceChildren(...tryAgain(problem, () => load(state)))
  }
}

/** @param {State} state */
function draw(state) {
  const { found, data } = state, of = sourceOf(state), view = currentView()
  state.cells.classList.remove("waiting")
  const drawn = JSON.stringify([state.asked, found, of, data.encoder])
  if (drawn === state.drawn) return
  state.drawn = drawn
  if (state.view.node.open) state.view.node.close()
  state.title.replaceChildren(...cellTitle(view, found.total).map((words, i) => (i % 2 ? el("b", {}, words) : words)))
  state.notes.replaceChildren(...notes(state))
  state.cells.replaceChildren(...found.predictions.map((one, i) => cellOf(state, one, i)))
  state.doubts.message = () => []
  setDoubts(state.doubts, found.predictions.flatMap(({ row, flag: note }) => (note === null ? [] : [[row, note]])))
  renew(state.bar, found.total ? bar(state) : [])
  mark(state)
}

/** @param {State} state */
function notes(state) {
  if (!state.found.total) return [el("div", { class: "empty" }, el("p", {}, "No galaxies match."), el("p", { class: "gx-soft" }, "Choose another cell or remove a filter."))]
  return sourceOf(state) ? [] : [el("p", { class: "hint" }, `The dataset ${state.data.dataset} is missing, so there are no images.`)]
}

/** Pages, another random sample, and files.
 * @param {State} state
 */
function bar(state) {
  const { page, order, seed } = currentView(), pages = Math.ceil(state.found.total / PER_PAGE)
  const turn = (/** @type {number} */ to, /** @type {string} */ word, /** @type {string} */ title, enabled = true) =>
    el("button", { "aria-label": title, "data-item": title, "data-page": to, "aria-current": to === page ? "page" : null, disabled: !enabled }, word)
  const near = pagesNear(page, pages).map((to) => (to === null ? el("span", { class: "gx-soft" }, "…") : turn(to, String(to), `Page ${to}`)))
  const file = (/** @type {string} */ word) => el("a", {
    class: "file", download: true, title: "All predictions of this evaluation, with the probabilities of all classes",
    href: address("/evaluations/{evaluation_id}/predictions.{file_format}", { evaluation_id: state.data.evaluation, file_format: word.toLowerCase() }) }, word)
  return [
    pages > 1 ? el("nav", { class: "pages", "aria-label": "Pages of galaxies" }, turn(page - 1, "‹", "Previous page", page > 1), near, turn(page + 1, "›", "Next page", page < pages)) : null,
    order === "random" ? el("button", { "data-item": "sample", "data-seed": (seed + 1) % SEEDS }, "New sample") : null,
    file("CSV"), file("Parquet")]
}

/** @param {State} state @param {Prediction | undefined} one */
function flag(state, one) {
  const of = sourceOf(state)
  if (of && one) turnFlag(state.doubts, of, one)
}

/** Shows flags on the tiles, below them, and in the open dialog.
 * @param {State} state
 */
function mark(state) {
  const { predictions } = state.found, of = sourceOf(state)
  ;[...state.cells.children].forEach((box, i) => markTile(box, state.doubts.flags.has(predictions[i].row)))
  state.line.replaceChildren(state.doubts.line())
  state.foot.replaceChildren(...(of && state.found.total ? [footWords(state, of)] : []))
  if (state.view.node.open && of) markOpen(state, of)
}

/** @param {Element} box @param {boolean} flagged */
function markTile(box, flagged) {
  box.classList.toggle("flagged", flagged)
  const button = box.querySelector(".corner")
  if (!button || button.ariaPressed === String(flagged)) return
  button.ariaPressed = String(flagged)
  button.replaceChildren(flagShape(flagged))
}

/** @param {State} state @param {PictureSource} of */
function markOpen(state, of) {
  renew(state.dialogFlag, flagControl(state.doubts, of, state.found.predictions[state.at]), state.doubts.line())
}

/** @param {State} state @param {PictureSource} of */
function footWords(state, { dataset }) {
  const n = state.found.flags + state.doubts.change
  if (!n) return el("p", { class: "gx-soft" }, "To flag a doubtful label, click the corner of a galaxy or press f. Flags do not change labels or scores.")
  const file = (/** @type {string} */ format, /** @type {string} */ word) => onward(address("/datasets/{name}/flags.{file_format}", { name: dataset, file_format: format }), word)
  return el("p", { class: "gx-soft" }, `${grouped(n)} ${n === 1 ? "label" : "labels"} of ${dataset} ${n === 1 ? "is" : "are"} flagged (without effect on labels or scores): `,
    onward(`/data?${new URLSearchParams({ dataset, open: "flags" })}`, "list"), ", ", file("csv", "flags as CSV"), ", ", file("parquet", "as Parquet"))
}

/** @param {string} href @param {string} word @param {string} [title] */
const onward = (href, word, title) => el("a", { class: "onward", href, title }, word)
/** @param {State} state @param {number} index */
const className = (state, index) => state.data.classes[index] ?? "none"
/** @param {Prediction} one */
const isRight = (one) => one.true === one.predicted

/** @param {State} state @param {Prediction} one */
function wordsOf(state, one) {
  const share = percent(one.confidence)
  return `${className(state, one.true)}, classified ${isRight(one) ? "correctly" : `as ${className(state, one.predicted)}`}, confidence ${share}`
}

/** @param {State} state @param {Prediction} one @param {number} index */
function cellOf(state, one, index) {
  const shape = svgShape("ring", isRight(one) ? "M3 8.5l3.5 3.5L13 4.5" : "M4 4l8 8M12 4l-8 8")
  const words = wordsOf(state, one), of = sourceOf(state)
  const tile = el("button", { class: "tile", tabindex: index ? -1 : 0, title: `row ${one.row} · ${words}`, "data-row": one.row, onClick: () => open(state, index) },
    of ? galaxyPicture(of, one.row, 160, `Galaxy ${one.row}: ${words}`) : el("span", { class: "gx-bone gone" }, `row ${one.row}`),
    el("span", { class: "caption" }, className(state, one.true)),
    el("span", { class: `caption called ${isRight(one) ? "gx-tone-good" : "gx-tone-bad"}` }, shape,
      el("span", { class: "what" }, isRight(one) ? "correct" : className(state, one.predicted)), el("b", {}, percent(one.confidence))))
  const corner = of && el("button", { class: "corner", tabindex: -1, "aria-label": `Flag the label of galaxy ${one.row} as doubtful`,
    title: "Flag the label as doubtful, or remove the flag (f)", onClick: () => flag(state, one) }, flagShape(false))
  return el("div", { class: "box" }, tile, corner)
}

/** @param {State} state @param {number} index */
function open(state, index) {
  state.at = index
  const one = state.found.predictions[index], of = sourceOf(state)
  const image = of && galaxyPicture(of, one.row, 512)
  if (of && image) image.className = 512 > 2 * of.img_size - 1 ? "crisp" : ""
  /** @type {[name: string, value: string | null][]} */
  const facts = [["Row", String(one.row)], ["Split", one.split], ["Source", one.source_id], ["True class", className(state, one.true)],
    ["Predicted class", className(state, one.predicted)], ["Confidence", percent(one.confidence)], ["RA", inDegrees(one.ra)], ["Dec", inDegrees(one.dec)]]
  const tag = of && simulatedTag(of)
  fillDialog(state.view, image, factList(facts.filter(/** @returns {fact is [string, string]} */ (fact) => Boolean(fact[1]))),
    probabilities(state, one), tag && el("p", {}, tag), of && state.dialogFlag, el("p", { class: "ways" }, of ? ways(state, of, one) : []))
  if (of) markOpen(state, of)
}

/** The probabilities of all classes, most probable first, with the true class marked.
 * @param {State} state
 * @param {Prediction} one
 */
function probabilities(state, one) {
  const ranked = one.probabilities.map((share, i) => ({ share, i })).sort((a, b) => b.share - a.share)
  return el("table", { class: "shares", "aria-label": "Probability of each class" }, ranked.map(({ share, i }) =>
    el("tr", { class: i === one.true ? "true" : "" },
      el("th", { scope: "row" }, className(state, i), i === one.true ? el("small", {}, "true") : null),
      el("td", { class: "track" }, el("i", { style: `width:${100 * share}%` })), el("td", { class: "num" }, percent(share)))))
}

/** Links to pages about this galaxy.
 * @param {State} state
 * @param {PictureSource} of
 * @param {Prediction} one
 */
function ways({ data: { encoder, classes } }, { dataset }, one) {
  const query = (/** @type {Record<string, string>} */ fields) => new URLSearchParams(fields), row = String(one.row)
  const label = classes[one.true]
  return [
    encoder ? onward(`/reconstruct?${query({ run: encoder, dataset, row })}`, "Reconstruct", "Reconstruct this galaxy with the run of the encoder") : null,
    isNumber(one.ra) && isNumber(one.dec) ? onward(`/data?${query({ dataset, open: "sky", galaxy: row })}`, "On the sky", "Position among all galaxies of the dataset") : null,
    label ? onward(`/data?${query({ dataset, label })}`, `All ${label} in Data`, "This class on the Data page") : null]
}
