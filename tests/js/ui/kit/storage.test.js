import assert from "node:assert/strict"
import { test } from "node:test"

import { recall, remember } from "../../../../frontend/ui/kit/storage.js"

test("a value comes back, and a broken one is the fallback", (context) => {
  const kept = new Map()
  Object.assign(globalThis, { sessionStorage: { getItem: (key) => kept.get(key) ?? null, setItem: (key, text) => kept.set(key, text) } })
  context.after(() => Reflect.deleteProperty(globalThis, "sessionStorage"))
  assert.equal(remember("zoom", [1, 2]), true)
  assert.deepEqual(recall("zoom", null), [1, 2])
  kept.set("zoom", "{")
  assert.equal(recall("zoom", null), null)
})

test("disabled storage keeps nothing and breaks nothing", () => {
  assert.equal(remember("zoom", [1, 2], "localStorage"), false)
  assert.equal(recall("zoom", 7, "localStorage"), 7)
})
