import assert from "node:assert/strict"
import { test } from "node:test"

import { homeView, makeField, nearestPoint, pointsInside, readView, toMap, toScreen, writeView, zoomedAt } from "../../../../frontend/features/map/field.js"

/** The corners of a square and its centre: (0, 0), (4, 0), (0, 4), (4, 4), (2, 2). */
const field = makeField(Float32Array.of(0, 4, 0, 4, 2, 0, 0, 4, 4, 2))
const all = () => true

test("the nearest shown point within reach is hit", () => {
  assert.equal(nearestPoint(field, 3.7, 0.4, 1, all), 1) // 0.5 from (4, 0)
  assert.equal(nearestPoint(field, 3.7, 0.4, 0.49, all), -1)
  assert.equal(nearestPoint(field, 2.9, 1.9, 3, all), 4)
  assert.equal(nearestPoint(field, 2.9, 1.9, 3, (i) => i !== 4), 1) // 2.20 from (4, 0), 2.37 from (4, 4)
})

test("of points at the same distance the last one is hit, as it is drawn on top", () => {
  assert.equal(nearestPoint(makeField(Float32Array.of(1, 1, 5, 1, 1, 5)), 1, 1, 1, all), 1)
})

test("a single place is a field too", () => {
  assert.equal(nearestPoint(makeField(Float32Array.of(3, -2)), 3, -2, 0.1, all), 0)
})

test("a hit test agrees with a search of all points", () => {
  const n = 400, flat = Float32Array.from({ length: 2 * n }, (_, k) => (k * 7919) % 1000)
  const many = makeField(flat)
  for (const [x, y] of [[0, 0], [500, 500], [123, 877], [999, 3]]) {
    const far = Array.from({ length: n }, (_, i) => (flat[i] - x) ** 2 + (flat[n + i] - y) ** 2)
    const least = Math.min(...far), found = nearestPoint(many, x, y, 200, all)
    assert.equal(found >= 0 ? far[found] : Infinity, least <= 200 ** 2 ? least : Infinity)
  }
})

test("a lasso selects by the even-odd rule, sorted and shown only", () => {
  assert.deepEqual(pointsInside(field, [-1, -1, 5, -1, 5, 3, -1, 3], all), [0, 1, 4])
  assert.deepEqual(pointsInside(field, [-1, -1, 5, -1, 5, 3, -1, 3], (i) => i > 0), [1, 4])
  const withHole = [-1, -1, 5, -1, 5, 5, -1, 5, -1, -1, 1, 1, 3, 1, 3, 3, 1, 3, 1, 1]
  assert.deepEqual(pointsInside(field, withHole, all), [0, 1, 2, 3])
  assert.deepEqual(pointsInside(field, [6, 6, 7, 6, 7, 7], all), [])
})

test("screen and map coordinates are inverse, with y upwards", () => {
  const view = { x: 2, y: 2, w: 8 }, size = { width: 400, height: 200 }
  assert.deepEqual(toScreen(view, size, 2, 2), [200, 100])
  assert.deepEqual(toScreen(view, size, 4, 3), [300, 50])
  assert.deepEqual(toMap(view, size, 300, 50), [4, 3])
})

test("the whole map fits with a margin of 8 %", () => {
  assert.deepEqual(homeView(field, { width: 200, height: 100 }), { x: 2, y: 2, w: 8 * 1.08 }) // limited by its height
})

test("zooming keeps the point under the pointer and has limits", () => {
  const home = { x: 0, y: 0, w: 10 }, size = { width: 100, height: 100 }
  assert.deepEqual(zoomedAt(home, size, 100, 50, 2, home), { x: 2.5, y: 0, w: 5 }) // (5, 0) stays at the right edge
  assert.equal(zoomedAt(home, size, 50, 50, 1e9, home).w, 10 / 2000)
  assert.equal(zoomedAt(home, size, 50, 50, 1e-9, home).w, 40)
})

test("a view survives the address, and nonsense is no view", () => {
  assert.equal(writeView({ x: 1.2345678, y: -2, w: 3e-7 }), "1.2346,-2,3e-7")
  assert.deepEqual(readView("1.2346,-2,3e-7"), { x: 1.2346, y: -2, w: 3e-7 })
  for (const text of [null, "", "1,2", "1,2,0", "1,x,3"]) assert.equal(readView(text), null)
})
