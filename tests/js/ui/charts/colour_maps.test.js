import assert from "node:assert/strict"
import { test } from "node:test"

import { cssOf, rgbOf, viridisAt } from "../../../../frontend/ui/charts/colour_maps.js"

test("viridis goes from violet to yellow through its steps", () => {
  assert.deepEqual(viridisAt(0), [68, 1, 84])
  assert.deepEqual(viridisAt(1), [253, 231, 37])
  assert.deepEqual(viridisAt(1 / 9), [72, 40, 120])
  assert.deepEqual(viridisAt(0.5), [35, 144, 140]) // half way from (38, 130, 142) to (31, 158, 137): 34.5, 144, 139.5
})

test("colours are read and written", () => {
  assert.deepEqual(rgbOf("#0a80ff"), [10, 128, 255])
  assert.equal(cssOf([10, 128, 255]), "rgb(10 128 255)")
})
