import assert from "node:assert/strict"
import { test } from "node:test"

import { brokenLine } from "../../../../frontend/features/run/machine_load.js"

const same = (value) => value

test("a line breaks at unknown values and at long gaps", () => {
  assert.equal(brokenLine([0, 10, 20], [1, 2, 3], same, same), "M0.0 1.0L10.0 2.0L20.0 3.0")
  assert.equal(brokenLine([0, 10, 20, 30], [1, null, 3, 4], same, same), "M0.0 1.0M20.0 3.0L30.0 4.0")
  assert.equal(brokenLine([0, 1, 2, 3, 4, 65], [1, 1, 1, 1, 1, 1], same, same).split("M").length, 3, "61 s are longer than 60")
  assert.equal(brokenLine([0, 100, 200], [1, 2, 3], same, same), "M0.0 1.0L100.0 2.0L200.0 3.0", "the usual distance is no gap")
})
