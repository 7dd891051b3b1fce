// One-vs-rest ROC and precision–recall curves of each class, and the areas under both.

import { readColours } from "../../../ui/charts/palette.js"
import { inPercent, svg, tick } from "../../../ui/charts/svg_chart.js"
import { ask, Refused } from "../../../ui/kit/api.js"
import { makeStore } from "../../../ui/kit/component.js"
import { el, exists } from "../../../ui/kit/dom.js"
import { grouped, isNumber, percent, sentence } from "../../../ui/kit/format.js"

const classCurves = makeStore()
const FRAME = { top: 40, right: 8, bottom: 42, left: 40, lowest: 240, highest: 340 }
const KINDS_OF_CURVE = {
  roc: { title: "ROC", area: "auc", name: "AUC", mean: "macro_auc", across: "false-positive rate, %", up: "true-positive rate, %" },
  precision_recall: { title: "Precision–recall", area: "average_precision", name: "AP", mean: "macro_average_precision", across: "recall, %", up: "precision, %" },
}
const inArea = (value) => (isNumber(value) ? value.toFixed(3) : "–")

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".gx-class_curves")
  const state = classCurves(parentElement, () => buildCurves(root))
  state.pick = (name) => setTriggerValue("pick", { name: name === state.chosen ? null : name })
  state.resize.observe(root)
  state.chosen = data.chosen
  if (data.evaluation !== state.evaluation) loadCurves(state, data.evaluation)
  else drawCurves(state)
  return () => state.resize.disconnect()
}

function buildCurves(root) {
  const state = { root, found: null, on: null }
  state.resize = new ResizeObserver(() => { if (root.clientWidth !== state.width) drawCurves(state) })
  for (const name of ["mouseover", "focusin"]) root.addEventListener(name, (event) => pointAt(state, event.target.closest("[data-class]")?.dataset.class ?? null))
  root.onmouseleave = () => pointAt(state, null)
  root.onclick = (event) => {
    const name = event.target.closest("[data-class]")?.dataset.class
    if (exists(name)) state.pick(name)
  }
  return state
}

async function loadCurves(state, evaluation) {
  Object.assign(state, { evaluation, found: null, drawn: null })
  state.root.replaceChildren(el("div", { class: "gx-bone wait" }))
  try {
    const found = await ask(`/evaluations/${encodeURIComponent(evaluation)}/curves`)
    if (evaluation !== state.evaluation) return
    state.found = found
    drawCurves(state)
  } catch (problem) {
    const words = problem instanceof Refused ? sentence(problem.message) : "The server is not responding."
    state.root.replaceChildren(el("p", { class: "gx-tone-bad", role: "alert" }, words), el("button", { onClick: () => loadCurves(state, evaluation) }, "Try again"))
  }
}

function drawCurves(state) {
  const { root, found } = state
  state.width = root.clientWidth
  if (!found || !state.width) return
  const colour = readColours(root).series[0]
  const drawn = JSON.stringify([state.evaluation, state.chosen, state.width, colour])
  if (drawn === state.drawn) return
  state.drawn = drawn
  root.style.setProperty("--chosen", colour)
  const focused = root.getRootNode().activeElement?.dataset?.class
  const one = state.width <= 640 ? state.width : state.width <= 1000 ? (state.width - 32) / 2 : (state.width - 64 - Math.min(Math.max(300, state.width - 64), 400)) / 2
  state.says = el("p", { class: "says", role: "status" }, wordsOfCurve(state, state.chosen))
  root.replaceChildren(el("div", { class: "layout" }, ...Object.keys(KINDS_OF_CURVE).map((kind) => curveChart(state, kind, one)), areas(state), state.says))
  if (focused) root.querySelector(`button[data-class="${CSS.escape(focused)}"]`)?.focus()
}

function curveChart(state, kind, width) {
  const { title, area, name, mean, across, up } = KINDS_OF_CURVE[kind]
  const height = Math.min(Math.max(width * 0.75, FRAME.lowest), FRAME.highest)
  const x = (share) => FRAME.left + share * (width - FRAME.left - FRAME.right)
  const y = (share) => height - FRAME.bottom - share * (height - FRAME.top - FRAME.bottom)
  const chosen = state.found.classes.find((one) => one.name === state.chosen && one[kind])
  const drawable = state.found.classes.filter((one) => one[kind])
  const path = (curve) => (kind === "roc" ? straight(curve, x, y) : stepped(curve, x, y))
  const line = (one, how) => svg("path", { class: `line ${how}`, d: path(one[kind]), "data-line": one.name })
  const average = state.found[`macro_${kind}`]
  const summary = drawable.map((one) => `${one.name} ${inArea(one[area])}`).join(", ")
  return svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": `${title}. ${name}: ${summary}; mean ${inArea(state.found[mean])}.` },
    svg("text", { class: "name", x: 0, y: 12 }, title),
    tick(chosen ? `${chosen.name}: ${name} ${inArea(chosen[area])}` : `class mean: ${name} ${inArea(state.found[mean])}`, x(1), 12, "end", chosen ? "strong chosen" : "strong"),
    [0, 0.25, 0.5, 0.75, 1].map((share) => [svg("line", { class: "grid", x1: x(0), x2: x(1), y1: y(share), y2: y(share) }), tick(inPercent(share), x(0) - 8, y(share) + 4, "end"), tick(inPercent(share), x(share), y(0) + 15)]),
    tick(up, 0, 30, "start"), tick(across, x(0.5), height - 6),
    drawable.filter((one) => one !== chosen).map((one) => line(one, "")),
    average && !chosen ? svg("path", { class: "line mean", d: path(average) }) : null, chosen ? line(chosen, "chosen") : null, chance(state, kind, chosen, x, y),
    drawable.map((one) => svg("path", { class: "reach", d: path(one[kind]), "data-class": one.name })))
}

const straight = (curve, x, y) => curve.x.map((share, i) => `${i ? "L" : "M"}${x(share).toFixed(1)} ${y(curve.y[i]).toFixed(1)}`).join("")

/** Steps: the precision up to a recall is that of the first point to reach it, so that areas are average precisions. */
function stepped(curve, x, y) {
  const reached = curve.x.map((share, i) => [share, curve.y[i]]).filter(([share], i) => i && share > curve.x[i - 1])
  return reached.map(([share, precision], i) => `${i ? "V" : `M${x(0).toFixed(1)} `}${y(precision).toFixed(1)}H${x(share).toFixed(1)}`).join("")
}

/** The chance level: the diagonal, or the share of the class (the mean share over all classes). */
function chance(state, kind, chosen, x, y) {
  if (kind === "roc") return [svg("line", { class: "chance", x1: x(0), y1: y(0), x2: x(1), y2: y(1) }), tick("chance", x(0.72), y(0.66), "start", "tick halo")]
  const drawable = chosen ? [chosen] : state.found.classes.filter((one) => one[kind])
  if (!drawable.length) return null
  const share = drawable.reduce((sum, one) => sum + one.n / state.found.n, 0) / drawable.length
  return [svg("line", { class: "chance", x1: x(0), x2: x(1), y1: y(share), y2: y(share) }), tick(`chance: ${chosen ? "" : "mean "}share ${percent(share)}`, x(1), y(share) - 5, "end", "tick halo")]
}

function areas(state) {
  const { found, chosen } = state
  const row = (title, kind, ...cells) => el("tr", { class: kind }, el("th", { scope: "row" }, title), ...cells)
  const head = [["Class", ""], ["n", "Test galaxies"], ["AUC", "Area under the ROC curve: the probability that a galaxy of the class scores higher than one of another class"], ["AP", "Average precision: area under the precision–recall curve"]]
  const num = (words) => el("td", {}, words)
  return el("table", {}, el("thead", {}, el("tr", {}, head.map(([title, note], i) => el("th", { scope: "col", class: i ? "num" : "", title: note }, title)))),
    el("tbody", {}, row("Class mean", "", num(grouped(found.n)), num(inArea(found.macro_auc)), num(inArea(found.macro_average_precision))),
      found.classes.map((one) => row(el("button", { "data-class": one.name, "aria-pressed": String(one.name === chosen) }, one.name), one.name === chosen ? "chosen" : "", num(grouped(one.n)),
        ...(one.roc ? [num(inArea(one.auc)), num(inArea(one.average_precision))] : [el("td", { class: "none", colspan: 2 }, one.n ? "no other class" : "no test galaxies")])))))
}

function wordsOfCurve(state, name) {
  const one = state.found.classes.find((other) => other.name === name)
  if (!one) return "Hover over a curve for its figures; click a curve or a class to see its galaxies."
  if (!one.roc) return one.n ? `All test galaxies are ${name}, so there are no curves.` : `No test galaxies of class ${name}.`
  return `${name}: AUC ${inArea(one.auc)}, average precision ${inArea(one.average_precision)} (chance: 0.500 and ${inArea(one.n / state.found.n)}); ${grouped(one.n)} against ${grouped(one.n_rest)} test galaxies.`
}

function pointAt(state, name) {
  if (!state.found || name === state.on) return
  state.on = name
  state.says.textContent = wordsOfCurve(state, name ?? state.chosen)
  for (const line of state.root.querySelectorAll("[data-line]")) line.classList.toggle("on", line.dataset.line === name && name !== state.chosen)
}
