import assert from "node:assert/strict"
import { test } from "node:test"

import { digits, plural } from "../../../../frontend/ui/kit/format.js"

test("significant digits, without trailing zeros", () => {
  assert.equal(digits(1234.5), "1230")
  assert.equal(digits(0.12), "0.12")
  assert.equal(digits(12.3456, 4), "12.35")
})

test("one seed, two seeds", () => {
  assert.equal(plural(1, "seed"), "1 seed")
  assert.equal(plural(0, "seed"), "0 seeds")
})
