// One-vs-rest ROC and precision–recall curves of each class, and the areas under both.

import { showSeries } from "../../../ui/charts/palette.js"
import { across as gridLine, columns, figure, inPercent, pathThrough, plotOf, rows, svg, tick } from "../../../ui/charts/svg_chart.js"
import { get } from "../../../ui/kit/api.js"
import { makeStore } from "../../../ui/kit/component.js"
import { el, find, keepFocus } from "../../../ui/kit/dom.js"
import { grouped, isNumber, percent } from "../../../ui/kit/format.js"
import { tryAgain } from "../../../ui/kit/problems.js"
import { tableHead } from "../../../ui/kit/table.js"

/** @import { ClassCurves, Curve, ThresholdCurves } from "../../../api/contract.d.ts" */
/** @import { Mounting } from "../../../ui/kit/mount.d.ts" */
/** @import { Head } from "../../../ui/kit/table.js" */
/** @import { Scale } from "../../../ui/charts/svg_chart.js" */
/** @typedef {{ evaluation: string, chosen: string | null }} Data */
/** @typedef {ReturnType<typeof build>} State */
/** @typedef {keyof typeof KINDS_OF_CURVE} Kind */

/** @type {ReturnType<typeof makeStore<State>>} */
const classCurves = makeStore()
const FRAME = { top: 40, right: 8, bottom: 42, left: 40, lowest: 240, highest: 340 }
const QUARTERS = [0, 0.25, 0.5, 0.75, 1]
const KINDS_OF_CURVE = /** @type {const} */ ({
  roc: { title: "ROC", area: "auc", name: "AUC", mean: "macro_auc", across: "false-positive rate, %", up: "true-positive rate, %" },
  precision_recall: { title: "Precision–recall", area: "average_precision", name: "AP", mean: "macro_average_precision", across: "recall, %", up: "precision, %" },
})
const inArea = (/** @type {number | null} */ value) => (isNumber(value) ? value.toFixed(3) : "–")

/** @param {Mounting<Data>} mounting */
export default function ({ data, parentElement, setTriggerValue }) {
  const root = find(parentElement, ".gx-class_curves")
  const state = classCurves(parentElement, () => build(root))
  state.pick = (name) => setTriggerValue("pick", { name: name === state.chosen ? null : name })
  state.resize.observe(root)
  state.chosen = data.chosen
  if (data.evaluation !== state.evaluation) loadCurves(state, data.evaluation)
  else drawCurves(state)
  return () => state.resize.disconnect()
}

/** @param {HTMLElement} root */
function build(root) {
  const state = {
    root, evaluation: "", found: /** @type {ThresholdCurves | null} */ (null), chosen: /** @type {string | null} */ (null),
    on: /** @type {string | null} */ (null), width: 0, drawn: "", says: el("p", { class: "says", role: "status" }),
    pick: /** @type {(name: string) => void} */ (() => {}),
    resize: new ResizeObserver(() => { if (root.clientWidth !== state.width) drawCurves(state) }),
  }
  for (const name of ["mouseover", "focusin"]) root.addEventListener(name, (event) => pointAt(state, classAt(event)))
  root.onmouseleave = () => pointAt(state, null)
  root.onclick = (event) => {
    const name = classAt(event)
    if (name !== null) state.pick(name)
  }
  return state
}

/** The class of the curve or button that an event is on.
 * @param {Event} event
 */
const classAt = ({ target }) => target instanceof Element ? target.closest("[data-class]")?.getAttribute("data-class") ?? null : null

/** @param {State} state @param {string} evaluation */
async function loadCurves(state, evaluation) {
  Object.assign(state, { evaluation, found: null, drawn: "" })
  state.root.replaceChildren(el("div", { class: "gx-bone wait" }))
  try {
    const found = await get("/evaluations/{evaluation_id}/curves", { evaluation_id: evaluation })
    if (evaluation !== state.evaluation) return
    state.found = found
    drawCurves(state)
  } catch (problem) {
    state.root.replaceChildren(...tryAgain(problem, () => loadCurves(state, evaluation)))
  }
}

/** @param {State} state */
function drawCurves(state) {
  const { root, found } = state
  state.width = root.clientWidth
  if (!found || !state.width) return
  showSeries(root)
  const drawn = JSON.stringify([state.evaluation, state.chosen, state.width])
  if (drawn === state.drawn) return
  state.drawn = drawn
  const one = state.width <= 640 ? state.width : state.width <= 1000 ? (state.width - 32) / 2 : (state.width - 64 - Math.min(Math.max(300, state.width - 64), 400)) / 2
  state.says = el("p", { class: "says", role: "status" }, wordsOfCurve(found, state.chosen))
  keepFocus(root, () => root.replaceChildren(el("div", { class: "layout" },
    curveChart(found, state.chosen, "roc", one), curveChart(found, state.chosen, "precision_recall", one), areas(found, state.chosen), state.says)), "class")
}

/** @param {ThresholdCurves} found @param {string | null} name @param {Kind} kind @param {number} width */
function curveChart(found, name, kind, width) {
  const { title, area, name: short, mean, across, up } = KINDS_OF_CURVE[kind]
  const height = Math.min(Math.max(width * 0.75, FRAME.lowest), FRAME.highest)
  const plot = plotOf(width, { ...FRAME, height }), { x, y } = plot
  const path = (/** @type {Curve} */ curve) => (kind === "roc" ? straight(curve, x, y) : stepped(curve, x, y))
  const drawable = found.classes.flatMap((one) => {
    const curve = one[kind]
    return curve ? [{ one, d: path(curve) }] : []
  })
  const chosen = drawable.find(({ one }) => one.name === name), average = found[`macro_${kind}`]
  const line = (/** @type {typeof drawable[number]} */ { one, d }, /** @type {string} */ how) => svg("path", { class: `line ${how}`, d, "data-line": one.name })
  const summary = drawable.map(({ one }) => `${one.name} ${inArea(one[area])}`).join(", ")
  return figure(plot, `${title}. ${short}: ${summary}; mean ${inArea(found[mean])}.`,
    tick(title, 0, 12, "start", "name"),
    tick(chosen ? `${chosen.one.name}: ${short} ${inArea(chosen.one[area])}` : `class mean: ${short} ${inArea(found[mean])}`, x(1), 12, "end", chosen ? "strong chosen" : "strong"),
    rows(plot, QUARTERS, inPercent), columns(plot, QUARTERS, inPercent),
    tick(up, 0, 30, "start"), tick(across, x(0.5), height - 6),
    drawable.filter((other) => other !== chosen).map((other) => line(other, "")),
    average && !chosen ? svg("path", { class: "line mean", d: path(average) }) : null, chosen ? line(chosen, "chosen") : null,
    kind === "roc" ? chanceDiagonal(x, y) : chanceShare(found, chosen ? [chosen.one] : drawable.map(({ one }) => one), chosen ? "" : "mean ", x, y),
    drawable.map(({ one, d }) => svg("path", { class: "reach", d, "data-class": one.name })))
}

/** @param {Curve} curve @param {Scale} x @param {Scale} y */
const straight = (curve, x, y) => pathThrough(curve.x.map((share, i) => [x(share), y(curve.y[i])]))

/** Steps: the precision up to a recall is that of the first point to reach it, so that areas are average precisions.
 * @param {Curve} curve
 * @param {Scale} x
 * @param {Scale} y
 */
function stepped(curve, x, y) {
  const reached = curve.x.map((share, i) => [share, curve.y[i]]).filter(([share], i) => i && share > curve.x[i - 1])
  return reached.map(([share, precision], i) => `${i ? "V" : `M${x(0).toFixed(1)} `}${y(precision).toFixed(1)}H${x(share).toFixed(1)}`).join("")
}

/** @param {Scale} x @param {Scale} y */
const chanceDiagonal = (x, y) =>
  [svg("line", { class: "dashed", x1: x(0), y1: y(0), x2: x(1), y2: y(1) }), tick("chance", x(0.72), y(0.66), "start", "tick halo")]

/** The share of a class, or the mean share of several.
 * @param {ThresholdCurves} found
 * @param {ClassCurves[]} classes
 * @param {"" | "mean "} mean
 * @param {Scale} x
 * @param {Scale} y
 */
function chanceShare(found, classes, mean, x, y) {
  if (!classes.length) return null
  const share = classes.reduce((sum, one) => sum + one.n / found.n, 0) / classes.length
  return [gridLine(x(0), x(1), y(share), "dashed"), tick(`chance: ${mean}share ${percent(share)}`, x(1), y(share) - 5, "end", "tick halo")]
}

/** @param {ThresholdCurves} found @param {string | null} chosen */
function areas(found, chosen) {
  const row = (/** @type {Node | string} */ title, /** @type {string} */ kind, /** @type {Node[]} */ ...cells) => el("tr", { class: kind }, el("th", { scope: "row" }, title), ...cells)
  /** @type {Head[]} */
  const heads = [["Class"], ["n", "num", "Test galaxies"], ["AUC", "num", "Area under the ROC curve: the probability that a galaxy of the class scores higher than one of another class"], ["AP", "num", "Average precision: area under the precision–recall curve"]]
  const num = (/** @type {string} */ words) => el("td", {}, words)
  return el("table", {}, tableHead(heads),
    el("tbody", {}, row("Class mean", "", num(grouped(found.n)), num(inArea(found.macro_auc)), num(inArea(found.macro_average_precision))),
      found.classes.map((one) => row(el("button", { "data-class": one.name, "aria-pressed": String(one.name === chosen) }, one.name), one.name === chosen ? "chosen" : "", num(grouped(one.n)),
        ...(one.roc ? [num(inArea(one.auc)), num(inArea(one.average_precision))] : [el("td", { class: "none", colspan: 2 }, one.n ? "no other class" : "no test galaxies")])))))
}

/** @param {ThresholdCurves} found @param {string | null} name */
function wordsOfCurve(found, name) {
  const one = found.classes.find((other) => other.name === name)
  if (!one) return "Hover over a curve for its figures; click a curve or a class to see its galaxies."
  if (!one.roc) return one.n ? `All test galaxies are ${name}, so there are no curves.` : `No test galaxies of class ${name}.`
  return `${name}: AUC ${inArea(one.auc)}, average precision ${inArea(one.average_precision)} (chance: 0.500 and ${inArea(one.n / found.n)}); ${grouped(one.n)} against ${grouped(one.n_rest)} test galaxies.`
}

/** @param {State} state @param {string | null} name */
function pointAt(state, name) {
  if (!state.found || name === state.on) return
  state.on = name
  state.says.textContent = wordsOfCurve(state.found, name ?? state.chosen)
  for (const line of state.root.querySelectorAll("[data-line]")) line.classList.toggle("on", line.getAttribute("data-line") === name && name !== state.chosen)
}
