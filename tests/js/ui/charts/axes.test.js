import assert from "node:assert/strict"
import { test } from "node:test"

import { roundTicks, roundUp, spaced } from "../../../../frontend/ui/charts/axes.js"

test("a round number is at least the value", () => {
  assert.equal(roundUp(1), 1)
  assert.equal(roundUp(3.2), 5)
  assert.equal(roundUp(70), 100)
  assert.equal(roundUp(3.2, [1, 2, 4, 5, 8, 10]), 4)
})

test("ticks are multiples of a round step", () => {
  assert.deepEqual(roundTicks(0, 10, 5), [0, 2, 4, 6, 8, 10])
  assert.deepEqual(roundTicks(0.013, 0.058, 5), [0.02, 0.03, 0.04, 0.05])
})

test("of two marks too close the first in order is kept", () => {
  assert.deepEqual(spaced([30, 0, 12, 14], (at) => at, () => 13), [0, 14, 30])
  assert.deepEqual(spaced([0, 5], (at) => at, (mark) => mark), [0])
})
