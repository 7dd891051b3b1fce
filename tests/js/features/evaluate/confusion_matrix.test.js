import assert from "node:assert/strict"
import { test } from "node:test"

import { fitOf } from "../../../../frontend/features/evaluate/figures/confusion_matrix.js"

test("many classes shrink to fit and name every so many; few keep their numbers, and fingers their large cells", () => {
  assert.deepEqual(fitOf(738, 98, false), { dense: true, every: 3 })
  assert.deepEqual(fitOf(738, 98, true), { dense: false, every: 1 })
  assert.deepEqual(fitOf(362, 10, false), { dense: false, every: 1 })
  assert.deepEqual(fitOf(1150, 25, false), { dense: false, every: 1 })
  assert.deepEqual(fitOf(362, 98, false), { dense: true, every: 5 })
})
