import assert from "node:assert/strict"
import { test } from "node:test"

import { classifierWords, standing } from "../../../../frontend/features/run/scores.js"

const run = (metrics, baselines = {}, config = {}) => ({ metrics, baselines, config })

test("the standing of a run is in points beside each known baseline", () => {
  assert.equal(standing(run({}), null), "No evaluation yet.")
  const known = run({ "val/linear_accuracy": 0.7 }, { random_init_linear_accuracy: 0.5, raw_pixel_linear_accuracy: 0.72 })
  assert.equal(standing(known, null), "Linear probe 70.0 %: 20.0 points above random init, 2.0 points below raw pixels.")
  assert.equal(standing(known, 0.03),
    "Linear probe 70.0 %: 20.0 points above random init, 2.0 points below raw pixels. Differences under 3 points may be due to chance.")
  assert.equal(standing(run({ "val/linear_accuracy": 0.7 }, { raw_pixel_linear_accuracy: 0.7002 }), null), "Linear probe 70.0 %: equal to raw pixels.")
})

test("a probe by SGD is not compared", () => {
  const sgd = run({ "val/linear_accuracy": 0.7 }, { random_init_linear_accuracy: 0.5 }, { online_probe: "sgd" })
  assert.equal(standing(sgd, 0.1), "Linear probe (SGD) 70.0 %. Its references use L-BFGS and are not directly comparable.")
})

test("a classifier tells its test accuracy at the end", () => {
  const ended = run({ "test/accuracy": 0.81 }, { raw_pixel_linear_accuracy: 0.4 })
  assert.equal(classifierWords(ended, 0.8), "Validation accuracy 80.0 %: 40.0 points above a linear probe on raw pixels. Test accuracy of the best epoch: 81.0 %.")
  assert.equal(classifierWords(run({}), 0.8), "Validation accuracy 80.0 %.")
})
