import assert from "node:assert/strict"
import { test } from "node:test"

import { keysOf, linesOf, METRICS, panelsOf, referencesOf, stopMark } from "../../../../frontend/features/run/panels.js"

const [LOSS, ACCURACY] = panelsOf({ traits: ["trains"] })
const series = (value, step = value.map((_, i) => 10 * i)) => ({ step, value, epoch: step.map((one) => one / 10), time: step })
const settings = { axis: "epoch", smoothing: 0.5, log: true, balanced: false, hidden: new Set(["accuracy/raw_pixel"]) }
const points = new Map([["train/loss", series([4, 2])], ["val/linear_accuracy", series([0.2, 0.5])], ["val/linear_balanced_accuracy", series([0.1, 0.4])]])
const run = { config: {}, baselines: { random_init_linear_accuracy: 0.3, raw_pixel_linear_accuracy: 0.4, raw_pixel_knn_accuracy: 0.35, majority_accuracy: 0.1 } }
const drawn = { points, run, verdict: { judged_by: "val/linear_accuracy", would_stop_at_step: 10, patience: 5 }, settings }

test("a classifier has no feature rank", () => {
  assert.deepEqual(panelsOf({ traits: ["trains", "classifies"] }).map(({ key }) => key), ["loss", "accuracy", "lr", "speed"])
})

test("all metrics are requested once", () => {
  assert.equal(new Set(METRICS).size, METRICS.length)
  assert.ok(["val/balanced_accuracy", "val/knn_accuracy", "val/rankme"].every((key) => METRICS.includes(key)))
})

test("a noisy curve is smoothed and keeps its values; an evaluation is drawn as it is", () => {
  const [train] = linesOf(LOSS, drawn)
  assert.deepEqual([train.x, train.y, train.raw], [[0, 1], [4, 2 / 0.75], [4, 2]])
  const [linear] = linesOf(ACCURACY, drawn)
  assert.deepEqual([linear.y, linear.raw], [[0.2, 0.5], undefined])
})

test("balanced accuracies take the place of accuracies", () => {
  const [linear] = linesOf(ACCURACY, { ...drawn, settings: { ...settings, balanced: true } })
  assert.deepEqual(linear.y, [0.1, 0.4])
})

test("references are those the run has, by family", () => {
  assert.deepEqual(referencesOf(ACCURACY, drawn).map(({ title, value }) => [title, value]),
    [["random init · linear", 0.3], ["raw pixels · linear", 0.4], ["raw pixels · k-NN", 0.35], ["majority", 0.1]])
  assert.deepEqual(referencesOf(LOSS, drawn), [])
})

test("the legend has one key for a family, with all its values", () => {
  const keys = keysOf(ACCURACY, linesOf(ACCURACY, drawn), referencesOf(ACCURACY, drawn), settings.hidden)
  assert.deepEqual(keys.map(({ id, hidden, values }) => [id, hidden, values]),
    [["linear", false, [0.5]], ["random_init", false, [0.3]], ["raw_pixel", true, [0.4, 0.35]], ["majority", false, [0.1]]])
})

test("early stopping is marked on the axis that is shown", () => {
  assert.deepEqual(stopMark(ACCURACY, drawn), { x: 1, words: "early stopping, patience 5" })
  assert.equal(stopMark(ACCURACY, { ...drawn, verdict: { ...drawn.verdict, would_stop_at_step: null } }), null)
  assert.equal(stopMark(LOSS, drawn), null)
})
