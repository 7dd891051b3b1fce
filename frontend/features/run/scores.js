// The accuracies of a run with those of untrained baselines.

import { el } from "../../ui/kit/dom.js"
import { isNumber, percent } from "../../ui/kit/format.js"
import { hasTrait, probedBySgd, TERMINAL } from "../../ui/kit/run.js"

/** @import { Run } from "../../api/contract.d.ts" */

/** `noise` is the uncertainty of one accuracy, a share.
 * @typedef {{ footnote: string, noise: number | null }} Measure
 */
/** @typedef {"accuracy" | "balanced_accuracy"} Kind */
/** @typedef {Pick<Run, "metrics" | "baselines" | "config">} Scored */
/** @typedef {number | null | undefined} Maybe */

const REFERENCES = [["Random init", "random_init"], ["Raw pixels", "raw_pixel"]]
/** @type {[name: string, kind: Kind][]} */
const KINDS = [["Accuracy", "accuracy"], ["Balanced accuracy", "balanced_accuracy"]]

/** Accuracies of both probes or of the classifier, plain and balanced; null if there will be none.
 * @param {Run} run @param {Measure} measure */
export function scores(run, measure) {
  const ranked = isNumber(run.metrics["val/rankme"])
  if (!hasTrait(run, "trains")) return null
  if (hasTrait(run, "classifies")) return classifierScores(run, measure)
  if (TERMINAL.has(run.state) && !ranked) return null
  if (ranked && !isNumber(run.metrics["val/knn_accuracy"])) return unprobed(measure)
  return folded("How good is it? ", standing(run, measure.noise), KINDS.map(([name, kind]) => probeTable(run, name, kind, measure.noise)), measure)
}

/** @param {string} question @param {string} answer @param {HTMLElement[]} tables @param {Measure} measure */
function folded(question, answer, tables, { footnote }) {
  return el("details", { class: "scores", open: true },
    el("summary", {}, el("span", { class: "gx-soft" }, question), answer),
    el("div", { class: "tables" }, tables), el("p", { class: "gx-soft note" }, footnote))
}

/** The section for data without labels, which cannot be probed. @param {Measure} measure */
function unprobed({ footnote }) {
  return el("div", { class: "scores" },
    el("p", {}, el("span", { class: "gx-soft" }, "How good is it? "),
      "Without labels there are no accuracies. See the loss and the reconstructions."),
    el("p", { class: "gx-soft note" }, footnote))
}

/** Accuracies of a classifier on validation and, at the end, test rows. @param {Run} run @param {Measure} measure */
function classifierScores(run, measure) {
  const now = run.metrics["val/accuracy"], tested = run.metrics["test/accuracy"]
  if (!isNumber(now)) return null
  const splits = [["Validation", "val"], ...(isNumber(tested) ? [["Test", "test"]] : [])]
  const tables = KINDS.map(([name, kind]) => table(name, ["Raw pixels, linear", "Raw pixels, k-NN", "Majority"], splits.map(([title, split]) => {
    const own = run.metrics[`${split}/${kind}`], references = ["raw_pixel_linear", "raw_pixel_knn", "majority"]
    return row(title, own, references.map((key) =>
      (split === "val" ? versus(own, run.baselines[`${key}_${kind}`], measure.noise) : el("td", { class: "gx-soft" }, ""))))
  })))
  return folded("Is it learning? ", classifierWords(run, now), tables, measure)
}

/** @param {Scored} run @param {number} now */
export function classifierWords(run, now) {
  const pixels = run.baselines.raw_pixel_linear_accuracy, tested = run.metrics["test/accuracy"]
  const beside = isNumber(pixels) ? `: ${points(now - pixels)} a linear probe on raw pixels` : ""
  return `Validation accuracy ${percent(now)}${beside}.${isNumber(tested) ? ` Test accuracy of the best epoch: ${percent(tested)}.` : ""}`
}

/** @param {Scored} run @param {string} name @param {Kind} kind @param {number | null} noise */
function probeTable(run, name, kind, noise) {
  const sgd = probedBySgd(run)
  const probes = [[sgd ? "Linear, SGD" : "Linear", "linear"], ["k-NN", "knn"]]
  return table(name, [...REFERENCES.map(([title]) => title), "Majority"], probes.map(([title, probe]) => {
    const now = run.metrics[`val/${probe}_${kind}`], comparable = probe === "linear" && sgd ? null : now
    return row(title, now, [
      ...REFERENCES.map(([, family]) => versus(comparable, run.baselines[`${family}_${probe}_${kind}`], noise)),
      versus(now, run.baselines[`majority_${kind}`], noise)])
  }))
}

/** @param {string} name @param {string[]} references @param {HTMLElement[]} rows */
function table(name, references, rows) {
  return el("table", {},
    el("thead", {}, el("tr", {}, el("th", { class: "what" }, name), ["Current", ...references].map((title) => el("th", { scope: "col" }, title)))),
    el("tbody", {}, rows))
}

/** @param {string} title @param {Maybe} now @param {HTMLElement[]} cells */
const row = (title, now, cells) =>
  el("tr", {}, el("th", { scope: "row" }, title), el("td", { class: "now" }, isNumber(now) ? percent(now) : "–"), cells)

/** A reference, with the points that the run is above it. @param {Maybe} now @param {Maybe} value @param {number | null} noise */
function versus(now, value, noise) {
  if (!isNumber(value)) return el("td", { class: "gx-soft" }, "–")
  const gap = isNumber(now) ? 100 * (now - value) : null
  return el("td", {}, percent(value), gap === null ? null
    : el("small", { class: gap > 100 * (noise ?? 0) ? "gx-tone-good" : "gx-soft" }, `${gap > 0 ? "+" : gap < 0 ? "−" : "±"}${Math.abs(gap).toFixed(1)}`))
}

/** A summary of the validation figures, and of differences that may be chance. @param {Scored} run @param {number | null} noise */
export function standing(run, noise) {
  const now = run.metrics["val/linear_accuracy"], { random_init_linear_accuracy: init, raw_pixel_linear_accuracy: pixels } = run.baselines
  if (!isNumber(now)) return "No evaluation yet."
  if (probedBySgd(run)) return `Linear probe (SGD) ${percent(now)}. Its references use L-BFGS and are not directly comparable.`
  const gaps = Object.entries({ "random init": init, "raw pixels": pixels }).filter(([, value]) => isNumber(value))
  const words = gaps.map(([name, value]) => `${points(now - value)} ${name}`)
  const doubt = noise && gaps.some(([, value]) => Math.abs(now - value) < noise)
  const chance = doubt ? ` Differences under ${(100 * noise).toFixed(0)} points may be due to chance.` : ""
  return `Linear probe ${percent(now)}${words.length ? `: ${words.join(", ")}` : ""}.${chance}`
}

/** @param {number} gap */
function points(gap) {
  if (Math.abs(gap) < 0.0005) return "equal to"
  return `${Math.abs(100 * gap).toFixed(1)} points ${gap > 0 ? "above" : "below"}`
}
