import assert from "node:assert/strict"
import { test } from "node:test"

import { keepNewest } from "../../../../frontend/ui/kit/cache.js"

test("the oldest goes once there are too many", () => {
  const kept = new Map()
  for (const key of ["a", "b", "c"]) keepNewest(kept, key, key.toUpperCase(), 2)
  assert.deepEqual([...kept], [["b", "B"], ["c", "C"]])
})
