// Positions on the Mollweide projection, whose sky is an ellipse of 4√2 by 2√2.

import assert from "node:assert/strict"
import test from "node:test"

import { closeView, galacticPlane, graticule, mollweide, onScreen, wholeSky } from "../../../../../frontend/features/data/figures/sky_projection.js"

/** @param {number[]} found @param {number[]} wanted */
const near = (found, wanted, within = 1e-5) =>
  found.forEach((value, i) => assert.ok(Math.abs(value - wanted[i]) < within, `${found} is not ${wanted}`))

test("the centre, the poles and a quarter of the equator, east to the left", () => {
  near(mollweide(180, 0, 180), [0, 0])
  near(mollweide(37, 90, 180), [0, Math.SQRT2])
  near(mollweide(37, -90, 180), [0, -Math.SQRT2])
  near(mollweide(270, 0, 180), [-Math.SQRT2, 0])
  near(mollweide(90, 0, 180), [Math.SQRT2, 0])
})

test("half of a hemisphere lies below 30°, so that θ solves 2θ + sin 2θ = π/2", () => {
  const theta = (Math.PI / 2 - 0.739085133) / 2 // cos x = x at 0.739085
  near(mollweide(180, 30, 180), [0, Math.SQRT2 * Math.sin(theta)])
})

test("the whole sky fits the frame with a margin of two pixels", () => {
  const view = wholeSky(1000, 500)
  near(onScreen(view, mollweide(180, 90, 180)), [500, 2])
  near(onScreen(view, mollweide(180, -90, 180)), [500, 498])
})

test("a close view is centred on galaxies on both sides of 0°", () => {
  const sky = { ra: [359, 1], dec: [10, 10] }
  const view = closeView(sky, 1000, 500)
  const [one, other] = sky.ra.map((ra, i) => onScreen(view, mollweide(ra, sky.dec[i], view.centre)))
  near([(one[0] + other[0]) / 2, one[1], other[1]], [500, 250, 250], 1e-3)
  near([one[0] - other[0]], [860], 1e-3) // 0.86 of the width
})

test("the grid of the whole sky has a line every 30° and names right ascension from 0° to 330°", () => {
  const lines = graticule(wholeSky(1000, 500))
  assert.deepEqual(lines.filter(({ kind }) => kind === "dec").map(({ value }) => value), [-60, -30, 0, 30, 60])
  assert.deepEqual(lines.filter(({ kind }) => kind === "ra").map(({ value }) => value), [0, 30, 60, 90, 120, 150, 180, 210, 240, 270, 300, 330, 0])
})

test("the Galactic centre is at 266.4°, −28.9°", () => {
  const view = wholeSky(1000, 500)
  near(galacticPlane(view)[0], onScreen(view, mollweide(266.405, -28.936, 180)), 0.1)
})
