// Predictions as a grid of galaxies with true class, predicted class and confidence; Enter opens a galaxy, f flags its
// label.

import { fillDialog, galaxyDialog, galaxyPicture, inDegrees, moveAmong } from "../../ui/galaxies/galaxy_dialog.js"
import { flagControl, flagShape, isFlagKey, labelDoubts, setDoubts, turnFlag } from "../../ui/galaxies/label_flags.js"
import { API } from "../../ui/kit/api.js"
import { makeStore } from "../../ui/kit/component.js"
import { el, renew, svgShape } from "../../ui/kit/dom.js"
import { grouped, isNumber, percent } from "../../ui/kit/format.js"

const predictionGrids = makeStore()

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".gx-prediction_grid")
  const state = predictionGrids(parentElement, () => build(root))
  const { flags, ...galaxies } = data
  const [galaxiesKey, flagsKey] = [JSON.stringify(galaxies), JSON.stringify(flags)]
  state.data = data
  if (galaxiesKey !== state.drawn) {
    if (state.view.node.open) state.view.node.close()
    state.doubts.message = () => []
    state.cells.replaceChildren(...data.predictions.map((one, i) => cellOf(state, one, i)))
  } else if (flagsKey === state.flagsKey) return
  Object.assign(state, { drawn: galaxiesKey, flagsKey })
  setDoubts(state.doubts, flags.rows)
  mark(state)
}

function build(root) {
  const state = { at: 0 }
  state.cells = el("div", { class: "cells", role: "group", "aria-label": "Matching galaxies" })
  state.cells.onkeydown = (event) => {
    if (isFlagKey(event)) turnFlag(state.doubts, state.data.of, state.data.predictions[[...state.cells.children].indexOf(event.target.closest(".box"))])
    else moveAmong(state.cells, event)
  }
  state.doubts = labelDoubts(() => mark(state))
  state.foot = el("div", { class: "foot" })
  state.view = galaxyDialog((step) => { if (state.data.predictions[state.at + step]) open(state, state.at + step) },
    (event) => { if (state.data.of && isFlagKey(event)) turnFlag(state.doubts, state.data.of, state.data.predictions[state.at]) })
  state.line = el("div", { class: "line" })
  root.replaceChildren(state.cells, state.line, state.foot, state.view.node)
  return state
}

/** Shows flags on the tiles, below them, and in the open dialog. */
function mark(state) {
  const { of, predictions } = state.data
  ;[...state.cells.children].forEach((box, i) => markTile(box, state.doubts.flags.has(predictions[i].row)))
  state.line.replaceChildren(state.doubts.line())
  state.foot.replaceChildren(...(of ? [footWords(state)] : []))
  if (state.view.node.open) markOpen(state)
}

function markTile(box, flagged) {
  box.classList.toggle("flagged", flagged)
  const button = box.querySelector(".corner")
  if (!button || button.ariaPressed === String(flagged)) return
  button.ariaPressed = String(flagged)
  button.replaceChildren(flagShape(flagged))
}

function markOpen(state) {
  renew(state.dialogFlag, flagControl(state.doubts, state.data.of, state.data.predictions[state.at]), state.doubts.line())
}

function footWords(state) {
  const { of, flags } = state.data
  const n = flags.total + state.doubts.change
  if (!n) return el("p", { class: "gx-soft" }, "To flag a doubtful label, click the corner of a galaxy or press f. Flags do not change labels or scores.")
  const path = `/datasets/${encodeURIComponent(of.dataset)}`
  const link = (href, word) => el("a", { class: "onward", href }, word)
  return el("p", { class: "gx-soft" }, `${grouped(n)} ${n === 1 ? "label" : "labels"} of ${of.dataset} ${n === 1 ? "is" : "are"} flagged (without effect on labels or scores): `,
    link(`/data?${new URLSearchParams({ dataset: of.dataset, open: "flags" })}`, "list"), ", ",
    link(`${API}${path}/flags.csv`, "flags as CSV"), ", ", link(`${API}${path}/flags.parquet`, "as Parquet"))
}

const className = (state, index) => state.data.classes[index] ?? "none"
const isRight = (one) => one.true === one.predicted

function wordsOf(state, one) {
  const share = percent(one.confidence)
  return isRight(one) ? `${className(state, one.true)}, classified correctly, confidence ${share}` : `${className(state, one.true)}, classified as ${className(state, one.predicted)}, confidence ${share}`
}

function cellOf(state, one, index) {
  const mark = isRight(one) ? svgShape("ring", "M3 8.5l3.5 3.5L13 4.5") : svgShape("ring", "M4 4l8 8M12 4l-8 8")
  const words = wordsOf(state, one)
  const of = state.data.of
  const button = el("button", { class: "tile", tabindex: index ? -1 : 0, title: `row ${one.row} · ${words}`, "data-row": one.row },
    of ? galaxyPicture(of, one.row, 160, `Galaxy ${one.row}: ${words}`) : el("span", { class: "gx-bone gone" }, `row ${one.row}`),
    el("span", { class: "caption" }, className(state, one.true)),
    el("span", { class: `caption called ${isRight(one) ? "gx-tone-good" : "gx-tone-bad"}` }, mark,
      el("span", { class: "what" }, isRight(one) ? "correct" : className(state, one.predicted)), el("b", {}, percent(one.confidence))))
  button.onclick = () => open(state, index)
  const corner = of ? el("button", { class: "corner", tabindex: -1, "aria-label": `Flag the label of galaxy ${one.row} as doubtful`, title: "Flag the label as doubtful, or remove the flag (f)" }, flagShape(false)) : null
  if (corner) corner.onclick = () => turnFlag(state.doubts, of, one)
  return el("div", { class: "box" }, button, corner)
}

function open(state, index) {
  state.at = index
  const one = state.data.predictions[index], of = state.data.of
  const image = of ? galaxyPicture(of, one.row, 512, `Galaxy ${one.row}`) : null
  if (image) image.className = 512 > 2 * of.img_size - 1 ? "crisp" : ""
  const facts = [["Row", String(one.row)], ["Split", one.split], ["Source", one.source_id], ["True class", className(state, one.true)],
    ["Predicted class", className(state, one.predicted)], ["Confidence", percent(one.confidence)], ["RA", inDegrees(one.ra)], ["Dec", inDegrees(one.dec)]].filter(([, value]) => value)
  state.dialogFlag = el("div", { class: "doubts" })
  fillDialog(state.view, image,
    el("dl", {}, facts.flatMap(([key, value]) => [el("dt", {}, key), el("dd", {}, value)])),
    probabilities(state, one), of?.simulated ? el("p", {}, el("span", { class: "gx-tag" }, "simulated")) : null, of ? state.dialogFlag : null, el("p", { class: "ways" }, onward(state, one)))
  if (of) markOpen(state)
}

/** The probabilities of all classes, most probable first, with the true class marked. */
function probabilities(state, one) {
  const ranked = one.probabilities.map((share, i) => [i, share]).sort((a, b) => b[1] - a[1])
  return el("table", { class: "shares", "aria-label": "Probability of each class" }, ranked.map(([i, share]) =>
    el("tr", { class: i === one.true ? "true" : "" },
      el("th", { scope: "row" }, className(state, i), i === one.true ? el("small", {}, "true") : null),
      el("td", { class: "track" }, el("i", { style: `width:${100 * share}%` })), el("td", { class: "num" }, percent(share)))))
}

function onward(state, one) {
  const of = state.data.of
  if (!of) return []
  const link = (href, word, note) => el("a", { class: "onward", href, title: note }, word)
  const label = state.data.classes[one.true]
  return [
    state.data.encoder ? link(`/reconstruct?${new URLSearchParams({ run: state.data.encoder, dataset: of.dataset, row: one.row })}`, "Reconstruct", "Reconstruct this galaxy with the run of the encoder") : null,
    isNumber(one.ra) && isNumber(one.dec) ? link(`/data?${new URLSearchParams({ dataset: of.dataset, open: "sky", galaxy: one.row })}`, "On the sky", "Position among all galaxies of the dataset") : null,
    label ? link(`/data?${new URLSearchParams({ dataset: of.dataset, label })}`, `All ${label} in Data`, "This class on the Data page") : null]
}
