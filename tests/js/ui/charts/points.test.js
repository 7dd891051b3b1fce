import assert from "node:assert/strict"
import { test } from "node:test"

import { firstTime, isNoisy, mergePoints, smooth } from "../../../../frontend/ui/charts/points.js"

const series = (step, value) => ({ step, value, epoch: step.map((one) => one / 10), time: step.map((one) => 100 + one) })

test("a page is appended, and a point of the same step replaced", () => {
  const points = new Map()
  assert.deepEqual(mergePoints(points, { "train/loss": series([1, 2], [0.9, 0.8]), "val/loss": series([], []) }), ["train/loss"])
  mergePoints(points, { "train/loss": series([2, 3], [0.7, 0.6]) })
  assert.deepEqual(points.get("train/loss"), series([1, 2, 3], [0.9, 0.7, 0.6]))
})

test("a late point goes to its place", () => {
  const points = new Map([["val/loss", series([10, 30], [1, 3])]])
  mergePoints(points, { "val/loss": series([20], [2]) })
  assert.deepEqual(points.get("val/loss")?.value, [1, 2, 3])
})

test("smoothing starts at the first value, is debiased, and leaves gaps", () => {
  // weight ½: (½·4)/½ = 4, then (½·2 + ½·8)/¾ = 20/3
  assert.deepEqual(smooth([4, null, 8], 0.5), [4, null, 5 / 0.75])
  const values = [1, 2, 3]
  assert.equal(smooth(values, 0), values)
})

test("only metrics of every step are smoothed", () => {
  assert.deepEqual(["train/loss", "train/lr", "val/loss", "train/images_per_s"].map(isNoisy), [true, false, false, true])
})

test("the first time is that of any metric, and infinite without points", () => {
  assert.equal(firstTime(new Map([["a", series([5], [1])], ["b", series([2, 3], [1, 1])], ["c", series([], [])]])), 102)
  assert.equal(firstTime(new Map()), Infinity)
})
