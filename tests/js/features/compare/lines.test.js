import assert from "node:assert/strict"
import { test } from "node:test"

import { linesOf, meanLine, referencesOf, sampleStd, X_AXES } from "../../../../frontend/features/compare/curves/lines.js"

const STYLE = { colour: 0, dash: 0 }
const run = (id, more = {}) => ({ id, title: id, kind: "pretrain", state: "succeeded", seed: 0, dataset: "sky", baselines: {}, style: STYLE, images: 64, flops: 2, before: 0, ...more })
const held = { step: [1, 2], value: [10, 20], epoch: [0.5, 1], time: [60, 180] }
const view = { x: "step", smoothing: 0, log: false, group: true, band: "std", most: 10, pretraining: false }

test("the sample standard deviation", () => {
  assert.equal(sampleStd([2, 4]), Math.SQRT2)
})

test("a mean lies on all places of the common range, interpolated", () => {
  const mean = meanLine([{ x: [0, 2, 4], y: [0, 2, 4] }, { x: [1, 3], y: [10, 10] }], "range")
  assert.deepEqual(mean, { x: [1, 2, 3], y: [5.5, 6, 6.5], low: [1, 2, 3], high: [10, 10, 10] })
})

test("axes of one run", () => {
  assert.deepEqual(X_AXES.time.of(held, 60, run("a"), view), [0, 2])
  assert.deepEqual(X_AXES.images.of(held, 0, run("a"), view), [64, 128])
  assert.deepEqual(X_AXES.flops.of(held, 0, run("a", { before: 100 }), { ...view, pretraining: true }), [102, 104])
  assert.equal(X_AXES.flops.of(held, 0, run("a", { flops: null }), view), null)
})

test("seeds of one setting are one line with their number", () => {
  const shown = [run("a"), run("b")]
  const feeds = new Map([["a", { points: new Map([["val/loss", held]]), start: 0 }], ["b", { points: new Map([["val/loss", { ...held, value: [30, null] }]]), start: 0 }]])
  const groups = [{ id: "a", title: "narrow", runs: ["a", "b"], style: STYLE }]
  const state = { view, data: { groups }, shown, feeds }
  const [line] = linesOf(state, "val/loss")
  assert.deepEqual([line.title, line.n, line.x, line.y], ["narrow", 2, [1], [20]])
  const alone = linesOf({ ...state, view: { ...view, group: false } }, "val/loss")
  assert.deepEqual(alone.map(({ y }) => y), [[10, 20], [30, null]])
})

test("a reference is drawn if all runs have the same", () => {
  const shown = [run("a", { baselines: { majority_accuracy: 0.3, raw_pixel_linear_accuracy: 0.4 } }), run("b", { baselines: { majority_accuracy: 0.3, raw_pixel_linear_accuracy: 0.5 } })]
  assert.deepEqual(referencesOf({ shown }, "val/linear_accuracy"), [{ id: "majority_accuracy", title: "majority", value: 0.3 }])
  assert.deepEqual(referencesOf({ shown }, "val/loss"), [])
})
