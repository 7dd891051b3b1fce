import assert from "node:assert/strict"
import { test } from "node:test"

import {
  endNames, frameOf, lastBefore, placeX, placeY, pushApart, rangeOfX, rangeOfY, seenIndexes, ticksOfY, valueAt,
} from "../../../../frontend/ui/charts/panel.js"

const STYLE = { colour: 0, dash: 0 }
const line = (x, y, more = {}) => ({ id: "a", title: "a", x, y, style: STYLE, ...more })
/** 400 × 200 px, of which 320 × 156 are plot: 0 to 10 across, 0 to 1 up. */
const panel = { key: "val/accuracy", title: "Accuracy", unitTitle: "Accuracy", frame: frameOf(400, 200, 24), x: [0, 10], y: [0, 1], log: false, lines: [], references: [],
  axisTitle: "step", endWords: ({ title }) => title }

test("the frame leaves room for ticks and names", () => {
  assert.deepEqual(frameOf(400, 200, 24), { width: 400, height: 200, left: 56, right: 24, top: 8, inner: 320, tall: 156 })
})

test("values are placed in px", () => {
  assert.equal(placeX(panel, 2.5), 56 + 80)
  assert.equal(placeY(panel, 0.25), 8 + 0.75 * 156)
  assert.equal(placeY({ ...panel, y: [-2, 0], log: true }, 0.1), 8 + 78)
})

test("x is padded by 2 % of its range, y by 6 % of what is in sight", () => {
  assert.deepEqual(rangeOfX([line([0, 100], [1, 2]), line([], [])]), [-2, 102])
  assert.equal(rangeOfX([line([], [])]), null)
  assert.deepEqual(rangeOfY([line([0, 1, 2], [0, 100, 900])], [0, 1], false, []), [-6, 106])
  assert.deepEqual(rangeOfY([line([0, 1], [0.1, 10])], [0, 1], true, []), [-1.12, 1.12])
})

test("bands, values before smoothing and references are in sight too; what has no logarithm is not", () => {
  const [low, high] = rangeOfY([line([0, 1], [5, 5], { raw: [0, 5], low: [4, 4], high: [10, 6] })], [0, 1], false, [{ id: "m", title: "majority", value: -10 }])
  assert.deepEqual([low, high], [-10 - 1.2, 10 + 1.2])
  assert.deepEqual(rangeOfY([line([0, 1], [-1, 0])], [0, 1], true, []), [-1, 0])
})

test("the last point at or before x", () => {
  assert.deepEqual([0.5, 1, 2.9, 9].map((x) => lastBefore([1, 2, 3], x)), [-1, 0, 1, 2])
  assert.equal(valueAt(line([1, 2, 3], [10, null, 30]), 2.5), 10)
  assert.equal(valueAt(line([1], [10]), 0), null)
})

test("one point beyond each side of what is seen is drawn", () => {
  assert.deepEqual(seenIndexes(line([0, 1, 2, 3, 4], []), [1.5, 2.5]), [1, 4])
  assert.deepEqual(seenIndexes(line([0, 1], []), [-5, 5]), [0, 2])
})

test("names are moved apart and stay in the frame", () => {
  const placed = [{ at: 10 }, { at: 12 }, { at: 50 }]
  pushApart(placed, 13, 0, 100)
  assert.deepEqual(placed, [{ at: 10 }, { at: 23 }, { at: 50 }])
  const low = [{ at: 95 }, { at: 99 }]
  pushApart(low, 13, 0, 100)
  assert.deepEqual(low, [{ at: 87 }, { at: 100 }])
})

test("five lines are named, six are not, references always, and nothing where there is no room", () => {
  const wide = { ...panel, frame: frameOf(400, 200, 100), references: [{ id: "m", title: "majority", value: 0.1 }] }
  const lines = Array.from({ length: 5 }, (_, i) => line([0, 10], [0, i / 5], { title: String(i) }))
  assert.deepEqual(endNames({ ...wide, lines }).map(({ words }) => words), ["4", "3", "2", "1", "majority", "0"])
  assert.deepEqual(endNames({ ...wide, lines: [...lines, line([0, 10], [1, 1])] }).map(({ words }) => words), ["majority"])
  assert.deepEqual(endNames({ ...panel, lines }), [])
})

test("shares have ticks in per cent", () => {
  assert.deepEqual(ticksOfY(panel).map(({ words }) => words), ["0 %", "50 %", "100 %"])
})
