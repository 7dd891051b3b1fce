// Choices in the browser against views that come back from the script.

import assert from "node:assert/strict"
import { afterEach, beforeEach, mock, test } from "node:test"

import { choose as chooseOnly, currentView, follow, reportBy, take } from "../../../../frontend/features/evaluate/shown.js"

/** @import { View } from "../../../../frontend/features/evaluate/shown.js" */

/** @type {View} */
const ALL = { shown: "true", classes: "given", true: null, predicted: null, order: "confident", split: "test", flagged: false, min: 0, max: 100, seed: 0, page: 1 }
/** @type {{ view: View, seq: number }[]} */
let sent = []
let drawn = 0, stop = () => {}

/** Makes a choice and lets it rest until it is reported.
 * @param {Partial<View>} changes
 */
function choose(changes) {
  chooseOnly(changes)
  mock.timers.tick(150)
}

beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout"] })
  sent = []
  drawn = 0
  reportBy((view, seq) => sent.push({ view: { ...ALL, ...view }, seq }))
  stop = follow(() => drawn++)
  take({ view: { ...ALL, page: 3 }, browser_seq: null })
})
afterEach(() => {
  stop()
  mock.timers.tick(1000) // the page was left
  mock.timers.reset()
})

test("a choice is shown at once, at its first page, and reported", () => {
  choose({ true: "E", predicted: "Im" })
  assert.deepEqual(currentView(), { ...ALL, true: "E", predicted: "Im" })
  assert.deepEqual(sent.map(({ view }) => [view.true, view.page]), [["E", 1]])
  assert.equal(drawn, 2)
})

test("what the matrix shows does not turn the page", () => {
  choose({ shown: "counts" })
  assert.equal(currentView().page, 3)
})

test("its own echo changes nothing, also if it comes to both components", () => {
  choose({ true: "E" })
  take({ view: sent[0].view, browser_seq: sent[0].seq })
  take({ view: sent[0].view, browser_seq: sent[0].seq })
  assert.equal(currentView().true, "E")
  assert.equal(drawn, 2)
})

test("a rerun from before a choice is ignored, be it the first view or an earlier choice", () => {
  choose({ true: "E" })
  take({ view: { ...ALL, page: 3 }, browser_seq: null })
  assert.equal(currentView().true, "E")
  choose({ true: "Im" })
  take({ view: sent[0].view, browser_seq: sent[0].seq })
  assert.equal(currentView().true, "Im")
})

test("back and forward are followed", () => {
  choose({ true: "E" })
  take({ view: sent[0].view, browser_seq: sent[0].seq })
  take({ view: { ...ALL, page: 3 }, browser_seq: null })
  assert.equal(currentView().true, null)
  take({ view: sent[0].view, browser_seq: null })
  assert.equal(currentView().true, "E")
})

test("a filter that changes while a choice is in flight joins it", () => {
  choose({ shown: "counts" })
  take({ view: { ...ALL, page: 3, order: "worst" }, browser_seq: null })
  assert.deepEqual([currentView().shown, currentView().order], ["counts", "worst"])
})

test("after the page was left, the address counts, not a choice that it never learned of", () => {
  choose({ true: "E" })
  take({ view: sent[0].view, browser_seq: sent[0].seq })
  chooseOnly({ true: "Im" })
  stop()
  mock.timers.tick(1000)
  stop = follow(() => {})
  take({ view: sent[0].view, browser_seq: sent[0].seq })
  assert.equal(currentView().true, "E")
})

test("of choices in quick succession only the last is reported, under its number", () => {
  chooseOnly({ true: "E" })
  choose({ true: "Im" })
  assert.deepEqual(sent.map(({ view }) => view.true), ["Im"])
  take({ view: { ...ALL, true: "E" }, browser_seq: sent[0].seq - 1 })
  assert.equal(currentView().true, "Im")
})

test("a choice outlives a moment without components, as a rerun makes one, and is then reported", () => {
  chooseOnly({ true: "E" })
  stop()
  mock.timers.tick(500)
  assert.deepEqual([currentView().true, sent], ["E", []])
  stop = follow(() => drawn++)
  take({ view: { ...ALL, page: 3 }, browser_seq: null })
  assert.deepEqual(sent.map(({ view }) => view.true), ["E"])
  assert.equal(currentView().true, "E")
})

test("once the page was left, its choice is gone", () => {
  chooseOnly({ true: "E" })
  stop()
  mock.timers.tick(1000)
  stop = follow(() => drawn++)
  take({ view: ALL, browser_seq: null })
  assert.deepEqual([currentView().true, sent], [null, []])
})
