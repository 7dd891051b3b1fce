// The sentence above the galaxies, with its bold parts in stars, and the pages below them.

import assert from "node:assert/strict"
import test from "node:test"

import { cellTitle, pagesNear } from "../../../../frontend/features/evaluate/grid_words.js"

/** @import { View } from "../../../../frontend/features/evaluate/shown.js" */

/** @type {View} */
const ALL = { shown: "true", classes: "given", true: null, predicted: null, order: "confident", split: "test", flagged: false, min: 0, max: 100, seed: 0, page: 1 }

/** @param {Partial<View>} changes @param {number} total */
const title = (changes, total) => cellTitle({ ...ALL, ...changes }, total).join("**")

test("titles of the grid", () => {
  assert.equal(title({}, 446), "**446** test galaxies")
  assert.equal(title({ true: "Im", predicted: "E" }, 1), "**1** test galaxy: **Im** classified as **E**")
  assert.equal(title({ true: "E", predicted: "E" }, 2), "**2** test galaxies: **E**, classified correctly")
  assert.equal(title({ min: 40, flagged: true }, 3), "**3** test galaxies, confidence 40 to 100 %, flagged as doubtful")
  assert.equal(title({ true: "E", split: "val" }, 1), "**1** validation galaxy of class **E**")
})

test("what follows a bold class is not bold", () => {
  assert.equal(title({ predicted: "E", flagged: true }, 1_234), "**1,234** test galaxies classified as **E**, flagged as doubtful")
  assert.equal(title({ true: "E", predicted: "E", max: 50 }, 2), "**2** test galaxies: **E**, classified correctly, confidence 0 to 50 %")
})

test("up to seven pages are all offered, of more the ends and those around", () => {
  assert.deepEqual(pagesNear(2, 3), [1, 2, 3])
  assert.deepEqual(pagesNear(7, 7), [1, 2, 3, 4, 5, 6, 7])
  assert.deepEqual(pagesNear(1, 8), [1, 2, 3, 4, 5, null, 8])
  assert.deepEqual(pagesNear(5, 9), [1, null, 4, 5, 6, null, 9])
  assert.deepEqual(pagesNear(9, 9), [1, null, 5, 6, 7, 8, 9])
})
