import assert from "node:assert/strict"
import { beforeEach, test } from "node:test"

import { isNewAddress } from "../../../../frontend/ui/kit/component.js"

const [FIRST, SECOND] = [{ row: 1 }, { row: 2 }]
/** @type {{ address?: string, seq: number, left?: boolean }} */
let state
const isNew = (/** @type {object} */ view, /** @type {number | null} */ seq = null) => isNewAddress(state, { view, browser_seq: seq })

beforeEach(() => {
  state = { seq: 0 }
  assert.equal(isNew(FIRST), true)
})

test("the view that came last is not new", () => assert.equal(isNew(FIRST), false))

test("a view from elsewhere is new, and so is Back from it", () => {
  assert.equal(isNew(SECOND), true)
  assert.equal(isNew(FIRST), true)
})

test("its own views are not new, the last one or an earlier one", () => {
  state.seq = 2
  assert.equal(isNew(SECOND, 1), false)
  assert.equal(isNew({ row: 3 }, 2), false)
})

test("a rerun from before a choice is not new", () => {
  state.seq = 1
  assert.equal(isNew(FIRST), false)
  assert.equal(isNew(SECOND, 1), false)
})

test("after the page was left every view is new", () => {
  state.left = true
  assert.equal(isNew(FIRST), true)
})

test("numbers go on from those of an earlier component", () => {
  assert.equal(isNew(SECOND, 5), true)
  assert.equal(state.seq, 5)
})
