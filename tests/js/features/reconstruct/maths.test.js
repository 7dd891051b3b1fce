import assert from "node:assert/strict"
import { test } from "node:test"

import {
  countHidden, frameFor, hiddenOf, maskAtRatio, maskOfHidden, maskOfKept, PATCH_STEPS, patchUnder, ratioByPatches, removedPatches, stepPatch,
} from "../../../../frontend/features/reconstruct/maths.js"

test("the number of hidden patches is rounded half up", () => {
  assert.equal(removedPatches(64, 0.75), 48)
  assert.equal(removedPatches(10, 0.25), 3) // 2.5
  assert.equal(removedPatches(10, 0.24), 2)
  assert.equal(removedPatches(196, 0.35), 69) // 68.6
  assert.deepEqual([removedPatches(64, 0), removedPatches(64, 1)], [0, 64])
})

test("masks of growing ratios are nested, and the highest ranks are hidden first", () => {
  const ranks = Array.from({ length: 64 }, (_, i) => (i * 37) % 64) // a permutation, as 37 and 64 are coprime
  let before = new Set()
  for (let percent = 0; percent <= 100; percent++) {
    const hidden = new Set(hiddenOf(maskAtRatio(ranks, percent / 100)))
    assert.equal(hidden.size, removedPatches(64, percent / 100))
    assert.ok([...before].every((patch) => hidden.has(patch)))
    before = hidden
  }
  assert.deepEqual(hiddenOf(maskAtRatio([2, 0, 3, 1], 0.5)), [0, 2])
})

test("a mask of hidden patches and one of kept patches are complements", () => {
  assert.deepEqual([...maskOfHidden([1, 3, 99], 4)], [0, 1, 0, 1]) // patch 99 is of a larger model
  assert.deepEqual([...maskOfKept([0, 2], 4)], [0, 1, 0, 1])
  assert.equal(countHidden(maskOfKept([], 5)), 5)
})

test("a frame of the ladder hides at least the patches hidden here", () => {
  const ratios = [0.05, 0.5, 0.95]
  assert.deepEqual([0, 0.05, 0.051, 0.5, 0.96].map((ratio) => frameFor(ratios, ratio)), [0, 0, 1, 1, 2])
  assert.equal(frameFor(ratios, 0.5 + 1e-12), 1) // the same number, rounded
})

test("one more hidden patch is exactly one more, and the ends are kept", () => {
  assert.equal(ratioByPatches(64, 0.75, 1), 0.7656) // 49 / 64
  assert.equal(removedPatches(64, ratioByPatches(64, 0.75, 1)), 49)
  assert.equal(ratioByPatches(64, 1, 1), 1)
  assert.equal(ratioByPatches(64, 0, -64), 0)
})

test("the patch under the pointer is inside the image", () => {
  const box = { left: 10, top: 20, width: 80, height: 80 }
  assert.deepEqual(patchUnder({ clientX: 10, clientY: 20 }, box, 8), [0, 0])
  assert.deepEqual(patchUnder({ clientX: 45, clientY: 31 }, box, 8), [1, 3])
  assert.deepEqual(patchUnder({ clientX: 90, clientY: 5 }, box, 8), [0, 7])
})

test("arrow keys stop at the edge", () => {
  assert.deepEqual(stepPatch([0, 3], PATCH_STEPS.ArrowUp, 4), [0, 3])
  assert.deepEqual(stepPatch([0, 3], PATCH_STEPS.ArrowRight, 4), [0, 3])
  assert.deepEqual(stepPatch([0, 3], PATCH_STEPS.ArrowLeft, 4), [0, 2])
})
