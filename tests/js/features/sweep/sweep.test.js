import assert from "node:assert/strict"
import { test } from "node:test"

import { isKept } from "../../../../frontend/features/sweep/parallel.js"
import { atEpoch, axisScale, cividisAt, figureScale, figureWords, meanRange, settingWords } from "../../../../frontend/features/sweep/scales.js"
import { sorted } from "../../../../frontend/features/sweep/table.js"

const ACCURACY = { key: "val/linear_accuracy", title: "linear probe accuracy", higher_is_better: true, share: true }
const LOSS = { key: "val/loss", title: "loss", higher_is_better: false, share: false }
const seed = (best, early = false) => ({ id: "r", seed: 0, state: "succeeded", early, reason: "", best, best_epoch: 3, last: best, last_epoch: 4 })
const setting = (mean, ...runs) => ({ values: [0.1], words: ["0.1"], mean, std: null, n: runs.length, runs })
const axis = (more) => ({ field: "blr", label: "Rate", text: "", numeric: true, log: false, words: [], ...more })

test("values of an axis are shares, with a tick each if they are few", () => {
  const linear = axisScale(axis(), [1, 3, 5])
  assert.deepEqual(linear.ticks, [[0, "1"], [0.5, "3"], [1, "5"]])
  const log = axisScale(axis({ log: true }), [1e-4, 1e-3, 1e-2])
  assert.ok(Math.abs(log.at(1e-3, "") - 0.5) < 1e-12)
  assert.deepEqual(log.ticks.map(([, words]) => words), ["1e-4", "0.001", "0.01"])
  assert.equal(axisScale(axis(), [2, 2]).at(2, "2"), 0.5)
})

test("words of an axis are evenly spaced", () => {
  assert.deepEqual(axisScale(axis({ numeric: false, words: ["a", "b", "c"] }), []).ticks, [[0, "a"], [0.5, "b"], [1, "c"]])
})

test("the scale of shares spans its ticks, references included", () => {
  const scale = figureScale({ objective: ACCURACY, settings: [setting(0.5, seed(0.5))], references: [["majority", 0.41]] })
  assert.deepEqual(scale.ticks, [0.4, 0.42, 0.44, 0.46, 0.48, 0.5])
  assert.ok(Math.abs(scale.at(0.45) - 0.5) < 1e-9)
  assert.equal(scale.words(0.42), "42")
})

test("figures as words", () => {
  assert.equal(figureWords(ACCURACY, 0.5), "50.0 %")
  assert.equal(figureWords(LOSS, 0.123456), "0.1235")
  assert.equal(figureWords(LOSS, null), "–")
  assert.equal(atEpoch(ACCURACY, 0.5, 3), "50.0 % at epoch 3")
  const sweep = { objective: ACCURACY, axes: [axis()], settings: [], references: [], seeds: 2 }
  assert.equal(settingWords(sweep, { ...setting(0.5, seed(0.4), seed(0.6, true)), std: 0.1 }), "blr 0.1: 50.0 % ± 10.0 %, 2 of 2 seeds, 1 stopped early")
})

test("the range of means goes from worst to best", () => {
  const settings = [setting(0.2), setting(null), setting(0.6)]
  assert.deepEqual(meanRange({ settings, objective: ACCURACY }), [0.2, 0.6])
  assert.deepEqual(meanRange({ settings, objective: LOSS }), [0.6, 0.2])
})

test("cividis ends in the yellow on dark ground and in the navy on light ground", () => {
  assert.equal(cividisAt(1, true), "rgb(255 234 70)")
  assert.equal(cividisAt(0, false), "rgb(0 32 77)")
})

test("settings without a figure are sorted last, either way", () => {
  const [none, low, high] = [setting(null), setting(0.1), setting(0.9)]
  const by = ({ mean }) => mean
  assert.deepEqual(sorted([none, high, low], by, false), [low, high, none])
  assert.deepEqual(sorted([none, low, high], by, true), [high, low, none])
})

test("a setting is kept if it is inside every brush; without a share it is not", () => {
  const one = setting(null)
  const shares = new Map([[one, [0.3, null]]])
  assert.ok(isKept({ shares, brushes: [[0.2, 0.4], null] }, one))
  assert.ok(!isKept({ shares, brushes: [[0.5, 0.6], null] }, one))
  assert.ok(!isKept({ shares, brushes: [null, [0, 1]] }, one))
  assert.ok(isKept({ shares: new Map(), brushes: [[0, 0]] }, one), "not drawn yet")
})
