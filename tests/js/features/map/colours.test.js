import assert from "node:assert/strict"
import { test } from "node:test"

import { paintingOf, plainPainting } from "../../../../frontend/features/map/colours.js"

const grey = "#808080"
const theme = {
  series: ["#000001", "#000002", "#000003", "#000004", "#000005", "#000006", "#000007", "#000008"], unknown: grey, plain: grey, soft: grey, text: grey,
  font: "", ground: grey, veil: grey,
}
const column = (more) => ({ by: "class", names: [], unknown: "unknown", values: [], ...more })

test("unknown values have code 0, and each name its count", () => {
  const painting = paintingOf(column({ names: ["spiral", "round"], unknown: "no label", values: [1, -1, 0, 1] }), theme)
  assert.deepEqual([...painting.code], [2, 0, 1, 2])
  assert.deepEqual([...painting.counts], [1, 1, 2])
  assert.deepEqual(painting.styles.map(({ name }) => name), ["no label", "spiral", "round"])
  assert.equal(painting.bar, null)
})

test("the ninth class has the first colour and the next shape", () => {
  const { styles } = paintingOf(column({ names: Array.from({ length: 9 }, (_, k) => `class ${k}`), values: [8] }), theme)
  assert.deepEqual([styles[1].rgb, styles[1].shape], [[0, 0, 1], "disc"])
  assert.deepEqual([styles[9].rgb, styles[9].shape], [[0, 0, 1], "square"])
})

test("correct and wrong predictions differ in shape and colour", () => {
  const { styles } = paintingOf(column({ by: "right", names: ["wrong", "correct"], values: [0, 1] }), theme)
  assert.deepEqual(styles.slice(1).map(({ rgb, shape }) => [rgb, shape]), [[[0, 0, 5], "cross"], [[0, 0, 2], "disc"]])
})

test("a redshift scale spans the 1st to 99th percentile and says that it is clipped", () => {
  const values = [...Array.from({ length: 100 }, (_, i) => i / 100), 50, null]
  const { bar, code, counts } = paintingOf(column({ by: "redshift", values }), theme)
  assert.deepEqual([bar.low, bar.high, bar.clipped], [0.01, 0.99, true])
  assert.deepEqual([code[0], code[1], code[99], code[100], code[101]], [1, 1, 64, 64, 0])
  assert.equal(counts[0], 1)
})

test("a confidence scale ends at 1 and is never clipped", () => {
  const { bar, code } = paintingOf(column({ by: "confidence", values: [0.5, 0.75, 1] }), theme)
  assert.deepEqual([bar.low, bar.high, bar.clipped], [0.5, 1, false])
  assert.deepEqual([...code], [1, 33, 64]) // 1 + round(63 · ½)
})

test("equal values and no values are scales too", () => {
  assert.deepEqual([...paintingOf(column({ by: "redshift", values: [0.2, 0.2] }), theme).code], [1, 1])
  assert.deepEqual([...paintingOf(column({ by: "redshift", values: [null] }), theme).code], [0])
})

test("before the colours all galaxies look alike", () => {
  assert.deepEqual([...plainPainting(3, theme).counts], [3])
})
