// Requests for one galaxy.

import { get } from "../kit/api.js"

/** @import { Galaxy } from "../../api/contract.d.ts" */

/** The galaxy of a row, undefined outside the dataset.
 * @param {string} dataset
 * @param {number} row
 * @returns {Promise<Galaxy | undefined>}
 */
export async function fetchGalaxy(dataset, row) {
  return (await get("/datasets/{name}/galaxies", { name: dataset, offset: row, limit: 1 })).galaxies[0]
}

/** A random galaxy of a class, or of all; the first one shown is always the same.
 * @param {string} dataset
 * @param {{ row: number | null, label: string | null }} shown
 */
export function fetchRandom(dataset, { row, label }) {
  const seed = row === null ? 1 : Math.floor(Math.random() * 2 ** 31)
  return get("/datasets/{name}/random", { name: dataset, seed, label })
}
