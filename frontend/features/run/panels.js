// Which curves and references the panels of a run show.

import { AXES } from "../../ui/charts/axes.js"
import { firstTime, isNoisy, smooth } from "../../ui/charts/points.js"
import { isNumber } from "../../ui/kit/format.js"
import { hasTrait, probedBySgd } from "../../ui/kit/run.js"

/** @import { Run, Trait, Verdict } from "../../api/contract.d.ts" */
/** @import { AxisName } from "../../ui/charts/axes.js" */
/** @import { Line, Reference, Style } from "../../ui/charts/panel.js" */
/** @import { Points } from "../../ui/charts/points.js" */
/** A curve of one metric, or of the accuracy or balanced accuracy that begins with `prefix`.
 * @typedef {{ name: string, metric?: string, prefix?: string, style: Style }} Curve
 */
/** `unit` is the metric whose numbers are written. @typedef {{ key: string, title: string, note: string, unit: string, large?: boolean, curves: Curve[] }} PanelPlan */
/** @typedef {{ axis: AxisName, smoothing: number, log: boolean, balanced: boolean, hidden: Set<string> }} CurveSettings */
/** @typedef {{ points: Points, run: Run | null, verdict: Verdict | null, settings: CurveSettings }} Drawn */
/** A line of the legend: one curve, or one family of references. @typedef {{ id: string, title: string, style?: Style, dash: number, hidden: boolean, values: number[] }} Key */

const ORANGE = { colour: 0, dash: 0 }, BLUE = { colour: 1, dash: 0 }, GREEN = { colour: 2, dash: 0 }, PURPLE = { colour: 5, dash: 0 }
export const SGD_NOTE = "linear probe: SGD alongside training; references: L-BFGS"

/** @type {PanelPlan} */
const LR_PANEL = { key: "lr", title: "Learning rate", note: "", unit: "train/lr", curves: [{ name: "lr", metric: "train/lr", style: PURPLE }] }
/** @type {PanelPlan} */
const SPEED_PANEL = { key: "speed", title: "Images/s", note: "training", unit: "train/images_per_s", curves: [
  { name: "images/s", metric: "train/images_per_s", style: GREEN }] }
const LOSSES = [{ name: "train", metric: "train/loss", style: BLUE }, { name: "validation", metric: "val/loss", style: ORANGE }]

/** @type {PanelPlan[]} */
const PRETRAIN_PANELS = [
  { key: "loss", title: "Loss", note: "on hidden patches", unit: "train/loss", large: true, curves: LOSSES },
  { key: "accuracy", title: "Accuracy", note: "probes on frozen features, validation", unit: "val/accuracy", large: true, curves: [
    { name: "linear", prefix: "val/linear_", style: BLUE }, { name: "k-NN", prefix: "val/knn_", style: ORANGE }] },
  { key: "rank", title: "RankMe", note: "effective rank of the features", unit: "val/rankme", curves: [{ name: "rank", metric: "val/rankme", style: GREEN }] },
  LR_PANEL, SPEED_PANEL,
  { key: "where", title: "Loss by region", note: "share of the total", unit: "val/centre_loss_share", curves: [
    { name: "centre", metric: "val/centre_loss_share", style: BLUE }, { name: "sky", metric: "val/sky_loss_share", style: ORANGE }] },
]
/** @type {PanelPlan[]} */
const CLASSIFIER_PANELS = [
  { key: "loss", title: "Loss", note: "cross-entropy; training labels are smoothed and mixed", unit: "train/loss", large: true, curves: LOSSES },
  { key: "accuracy", title: "Accuracy", note: "encoder and head, validation", unit: "val/accuracy", large: true, curves: [{ name: "classifier", prefix: "val/", style: BLUE }] },
  LR_PANEL, SPEED_PANEL,
]

/** The panels of a kind of run. @param {{ traits: Trait[] }} kind */
export const panelsOf = (kind) => (hasTrait(kind, "classifies") ? CLASSIFIER_PANELS : PRETRAIN_PANELS)

/** All metrics of all panels. */
export const METRICS = [...new Set([...PRETRAIN_PANELS, ...CLASSIFIER_PANELS].flatMap(({ curves }) => curves.flatMap(metricsOf)))]

/** @param {Curve} curve */
function metricsOf({ metric, prefix }) {
  return metric ? [metric] : [`${prefix}accuracy`, `${prefix}balanced_accuracy`]
}

/** @param {Curve} curve @param {boolean} balanced */
const metricOf = (curve, balanced) => metricsOf(curve)[balanced ? 1 : 0] ?? metricsOf(curve)[0]

/** The curves of a panel that have points. @param {PanelPlan} panel @param {Drawn} drawn @returns {Line[]} */
export function linesOf(panel, { points, run, settings }) {
  const start = firstTime(points)
  return panel.curves.flatMap((curve) => {
    const metric = metricOf(curve, settings.balanced), held = points.get(metric)
    if (!held) return []
    const smooths = isNoisy(metric) && settings.smoothing > 0
    const line = { id: curve.name, title: curve.name === "linear" && probedBySgd(run) ? "linear, SGD" : curve.name, x: AXES[settings.axis].of(held, start), style: curve.style }
    return [smooths ? { ...line, y: smooth(held.value, settings.smoothing), raw: held.value } : { ...line, y: held.value }]
  })
}

/** Families of references, with the probe of each member and its style. @type {[id: string, title: string, members: [probe: string, style?: Style][]][]} */
const REFERENCES = [
  ["random_init", "random init", [["linear", { ...BLUE, dash: 1 }], ["knn", { ...ORANGE, dash: 1 }]]],
  ["raw_pixel", "raw pixels", [["linear", { ...BLUE, dash: 2 }], ["knn", { ...ORANGE, dash: 2 }]]],
  ["majority", "majority", [[""]]],
]

/** What the accuracies of a run are measured against. @param {PanelPlan} panel @param {Drawn} drawn @returns {Reference[]} */
export function referencesOf(panel, { run, settings }) {
  if (panel.key !== "accuracy" || !run) return []
  const end = settings.balanced ? "balanced_accuracy" : "accuracy"
  return REFERENCES.flatMap(([id, title, members]) => members.flatMap(([probe, style]) => {
    const value = run.baselines[[id, probe, end].filter(Boolean).join("_")]
    const words = probe ? `${title} · ${probe === "knn" ? "k-NN" : probe}` : title
    return isNumber(value) ? [{ id, title: words, value, style }] : []
  }))
}

/** Where early stopping acts or would have acted; null if it does not, or is unknown. @param {PanelPlan} panel @param {Drawn} drawn */
export function stopMark(panel, { points, verdict, settings }) {
  const held = panel.key === "accuracy" && verdict?.judged_by ? points.get(verdict.judged_by) : undefined
  const at = held?.step.indexOf(verdict?.would_stop_at_step ?? -1) ?? -1
  if (!held || at < 0) return null
  return { x: AXES[settings.axis].of(held, firstTime(points))[at], words: `early stopping, patience ${verdict?.patience}` }
}

/** The legend of a panel; values are the last of a curve, or those of a family of references in the order of the curves.
 * @param {PanelPlan} panel @param {Line[]} lines @param {Reference[]} references @param {Set<string>} hidden
 * @returns {Key[]}
 */
export function keysOf(panel, lines, references, hidden) {
  const isHidden = (/** @type {string} */ id) => hidden.has(`${panel.key}/${id}`)
  const curves = lines.map((line) => ({ id: line.id, title: line.title, style: line.style, dash: line.style.dash, hidden: isHidden(line.id), values: line.y.filter(isNumber).slice(-1) }))
  const families = REFERENCES.flatMap(([id, title]) => {
    const members = references.filter((one) => one.id === id)
    const [{ style } = { style: undefined }] = members
    return members.length ? [{ id, title, style: members.length === 1 ? style : undefined, dash: style?.dash ?? 1, hidden: isHidden(id), values: members.map(({ value }) => value) }] : []
  })
  return [...curves, ...families]
}
