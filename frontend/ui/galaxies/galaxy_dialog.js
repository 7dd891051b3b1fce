// A dialog with one galaxy and its metadata.

import { address } from "../kit/api.js"
import { el, exists } from "../kit/dom.js"
import { isNumber } from "../kit/format.js"
import { alertLine, problemWords } from "../kit/problems.js"
import { fetchGalaxy } from "./fetching.js"

/** @import { Galaxy, PictureSource } from "../../api/contract.d.ts" */
/** @import { Children } from "../kit/dom.js" */

/** @typedef {{ node: HTMLDialogElement, ticket: number }} GalaxyDialog */
/** @typedef {readonly [name: string, value: string]} Fact */

/** Created once per component, which adds `node` to its DOM.
 * @param {(step: number) => void} turn shows the previous or next galaxy
 * @param {(event: KeyboardEvent) => void} press handles other keys
 * @returns {GalaxyDialog}
 */
export function galaxyDialog(turn = () => {}, press = () => {}) {
  const node = el("dialog", { "aria-label": "Galaxy" })
  node.onclick = (event) => { if (event.target === node) node.close() }
  node.onkeydown = (event) => {
    if (event.target instanceof HTMLInputElement) return // keys of a text field
    if (event.key === "ArrowRight") turn(1)
    else if (event.key === "ArrowLeft") turn(-1)
    else press(event)
  }
  return { node, ticket: 0 }
}

/** An image of a galaxy; the digest in the URL prevents caching across datasets of the same name.
 * @param {PictureSource} of
 * @param {number} row
 * @param {number} size
 */
export function galaxyPicture(of, row, size, alt = `Galaxy ${row}`) {
  const side = Math.min(size, 2 * of.img_size)
  const src = address("/datasets/{name}/images/{row}.png", { name: of.dataset, row, size: side, v: (of.version ?? "").slice(0, 12) })
  return el("img", { src, loading: "lazy", decoding: "async", width: side, height: side, alt })
}

/** @param {Pick<Galaxy, "row" | "label">} galaxy */
export const nameOfGalaxy = (galaxy) => `Galaxy ${galaxy.row}${galaxy.label ? `, ${galaxy.label}` : ""}`
/** @param {number | null} value */
export const inDegrees = (value) => (isNumber(value) ? `${value.toFixed(5)}°` : null)

/** Row, class, split and source in one line.
 * @param {Galaxy} galaxy
 */
export const galaxyLine = ({ row, label, split, source_id: source }) => [`row ${row}`, label, split, source].filter(Boolean).join(" · ")

/** Names and values of the metadata of a galaxy.
 * @param {Galaxy} galaxy
 */
export function galaxyFacts(galaxy) {
  /** @type {(readonly [name: string, value: string | null])[]} */
  const facts = [
    ["Row", String(galaxy.row)], ["Class", galaxy.label ?? "none"], ["Split", galaxy.split], ["Source", galaxy.source_id],
    ["RA", inDegrees(galaxy.ra)], ["Dec", inDegrees(galaxy.dec)],
    ["Redshift", isNumber(galaxy.redshift) ? galaxy.redshift.toFixed(4) : null],
    ["Pixel scale", isNumber(galaxy.pxscale) ? `${galaxy.pxscale.toFixed(3)} arcsec` : null],
  ]
  return facts.filter(/** @returns {fact is Fact} */ (fact) => Boolean(fact[1]))
}

/** @param {readonly Fact[]} facts */
export const factList = (facts) => el("dl", {}, facts.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]))

/** @param {PictureSource} of */
export const simulatedTag = (of) => (of.simulated ? el("span", { class: "gx-tag" }, "simulated") : null)

/** @param {GalaxyDialog} view @param {PictureSource} of @param {Galaxy} galaxy */
export function showGalaxy(view, of, galaxy) {
  const image = galaxyPicture(of, galaxy.row, 512, nameOfGalaxy(galaxy)), tag = simulatedTag(of)
  image.className = 512 > 2 * of.img_size - 1 ? "crisp" : ""
  const onward = (/** @type {string} */ page, /** @type {string} */ word, /** @type {string} */ title) => of.run
    && el("a", { class: "onward", href: `/${page}?${new URLSearchParams({ run: of.run, dataset: of.dataset, row: String(galaxy.row) })}`, title }, word)
  fillDialog(view, image, factList(galaxyFacts(galaxy)), tag && el("p", {}, tag),
    onward("reconstruct", "Reconstruct", "Reconstruct this galaxy with the selected run"),
    onward("search", "Similar", "Similar galaxies according to the selected run"))
}

/** @param {GalaxyDialog} view @param {Element | null} image @param {Children[]} words */
export function fillDialog(view, image, ...words) {
  const close = el("button", { onClick: () => view.node.close() }, "Close")
  view.node.replaceChildren(...[image, el("div", { class: "side" }, ...words, close)].filter(exists))
  if (!view.node.open) view.node.showModal()
  close.focus()
}

/** Opens the galaxy of a row; the metadata loads after the image.
 * @param {GalaxyDialog} view
 * @param {PictureSource} of
 * @param {number} row
 */
export async function openRow(view, of, row) {
  const turn = ++view.ticket
  fillDialog(view, galaxyPicture(of, row, 512), el("p", { class: "gx-soft" }, `row ${row}`))
  try {
    const galaxy = await fetchGalaxy(of.dataset, row)
    if (turn === view.ticket && view.node.open && galaxy) showGalaxy(view, of, galaxy)
  } catch (problem) {
    if (turn === view.ticket) fillDialog(view, null, alertLine(problemWords(problem, "The server is not responding.")))
  }
}

/** @param {HTMLElement[]} cells */
function columnsOf(cells) {
  const next = cells.findIndex((cell) => cell.offsetTop > cells[0].offsetTop)
  return next < 0 ? cells.length : next
}

/** @type {Record<string, (cells: HTMLElement[]) => number>} */
export const CELL_STEPS = { ArrowRight: () => 1, ArrowLeft: () => -1, ArrowDown: columnsOf, ArrowUp: (cells) => -columnsOf(cells) }

/** Moves between cells of a grid with arrow keys (roving tabindex); a cell is a button or a box whose first button counts.
 * @param {HTMLElement} grid
 * @param {KeyboardEvent} event
 */
export function moveAmong(grid, event) {
  const cells = /** @type {HTMLElement[]} */ ([...grid.children])
  const step = CELL_STEPS[event.key]?.(cells)
  if (!step) return
  event.preventDefault()
  const to = cells[cells.findIndex((cell) => cell.contains(/** @type {Node} */ (event.target))) + step]
  if (!to) return
  const buttons = cells.map((cell) => (cell instanceof HTMLButtonElement ? cell : cell.querySelector("button")))
  buttons.forEach((button, i) => { if (button) button.tabIndex = cells[i] === to ? 0 : -1 })
  buttons[cells.indexOf(to)]?.focus()
}
