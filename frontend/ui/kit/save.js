// Files that the browser saves.

import { el } from "./dom.js"

const KEPT_MS = 10_000

/** Saves a blob as a file. @param {Blob} blob @param {string} name */
export function saveBlob(blob, name) {
  const url = URL.createObjectURL(blob)
  el("a", { href: url, download: name }).click()
  setTimeout(() => URL.revokeObjectURL(url), KEPT_MS)
}

/** Saves a table as CSV. @param {(string | number)[][]} rows @param {string} name */
export function saveCsv(rows, name) {
  const quoted = (/** @type {string | number} */ cell) => (/[",\n]/.test(String(cell)) ? `"${String(cell).replaceAll('"', '""')}"` : cell)
  saveBlob(new Blob([rows.map((row) => `${row.map(quoted).join(",")}\n`).join("")], { type: "text/csv" }), name)
}
