// A dialog with one galaxy and its metadata. `of` is {dataset, version, img_size, simulated, run}.

import { API, ask, Refused } from "../kit/api.js"
import { el } from "../kit/dom.js"
import { isNumber, sentence } from "../kit/format.js"

/** Created once per component, which adds `node` to its DOM. `turn(step)` shows the previous or next galaxy,
 * `press(event)` handles other keys. */
export function galaxyDialog(turn = () => {}, press = () => {}) {
  const view = { node: el("dialog", { "aria-label": "Galaxy" }), ticket: 0 }
  view.node.onclick = (event) => { if (event.target === view.node) view.node.close() }
  view.node.onkeydown = (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key]
    if (isTyping(event)) return
    if (step) turn(step)
    else press(event)
  }
  return view
}

/** Whether a key event belongs to a text field. */
const isTyping = (event) => event.target.tagName === "INPUT"

/** An image of a galaxy; the digest in the URL prevents caching across datasets of the same name. */
export function galaxyPicture(of, row, size, alt) {
  const side = Math.min(size, 2 * of.img_size)
  const version = encodeURIComponent((of.version ?? "").slice(0, 12))
  return el("img", { src: `${API}/datasets/${encodeURIComponent(of.dataset)}/images/${row}.png?size=${side}&v=${version}`,
    loading: "lazy", decoding: "async", width: side, height: side, alt: alt ?? `Galaxy ${row}` })
}

export const nameOfGalaxy = (galaxy) => `Galaxy ${galaxy.row}${galaxy.label ? `, ${galaxy.label}` : ""}`
export const inDegrees = (value) => (isNumber(value) ? `${value.toFixed(5)}°` : null)

/** Names and values of the metadata of a galaxy. */
export function galaxyFacts(galaxy) {
  return [
    ["Row", String(galaxy.row)], ["Class", galaxy.label ?? "none"], ["Split", galaxy.split], ["Source", galaxy.source_id],
    ["RA", inDegrees(galaxy.ra)], ["Dec", inDegrees(galaxy.dec)],
    ["Redshift", isNumber(galaxy.redshift) ? galaxy.redshift.toFixed(4) : null],
    ["Pixel scale", isNumber(galaxy.pxscale) ? `${galaxy.pxscale.toFixed(3)} arcsec` : null],
  ].filter(([, value]) => value)
}

export function showGalaxy(view, of, galaxy) {
  const image = galaxyPicture(of, galaxy.row, 512, nameOfGalaxy(galaxy))
  image.className = 512 > 2 * of.img_size - 1 ? "crisp" : ""
  const facts = galaxyFacts(galaxy)
  fillDialog(view, image,
    el("dl", {}, facts.flatMap(([key, value]) => [el("dt", {}, key), el("dd", {}, value)])),
    of.simulated ? el("p", {}, el("span", { class: "gx-tag" }, "simulated")) : null,
    of.run ? el("a", { class: "onward", href: `/reconstruct?${new URLSearchParams({ run: of.run, dataset: of.dataset, row: galaxy.row })}`, title: "Reconstruct this galaxy with the selected run" }, "Reconstruct") : null,
    of.run ? el("a", { class: "onward", href: `/search?${new URLSearchParams({ run: of.run, dataset: of.dataset, row: galaxy.row })}`, title: "Similar galaxies according to the selected run" }, "Similar") : null)
}

export function fillDialog(view, image, ...words) {
  const close = el("button", { onClick: () => view.node.close() }, "Close")
  view.node.replaceChildren(...[image, el("div", { class: "side" }, ...words, close)].filter(Boolean))
  if (!view.node.open) view.node.showModal()
  close.focus()
}

/** Opens the galaxy of a row; the metadata loads after the image. */
export async function openRow(view, of, row) {
  const turn = ++view.ticket
  fillDialog(view, galaxyPicture(of, row, 512), el("p", { class: "gx-soft" }, `row ${row}`))
  try {
    const page = await ask(`/datasets/${encodeURIComponent(of.dataset)}/galaxies?offset=${row}&limit=1`)
    if (turn === view.ticket && view.node.open && page.galaxies.length) showGalaxy(view, of, page.galaxies[0])
  } catch (problem) {
    const words = problem instanceof Refused ? sentence(problem.message) : "The server is not responding."
    if (turn === view.ticket) fillDialog(view, null, el("p", { class: "gx-tone-bad", role: "alert" }, words))
  }
}

export const CELL_STEPS = { ArrowRight: () => 1, ArrowLeft: () => -1, ArrowDown: columnsOf, ArrowUp: (cells) => -columnsOf(cells) }

function columnsOf(cells) {
  const next = cells.findIndex((cell) => cell.offsetTop > cells[0].offsetTop)
  return next < 0 ? cells.length : next
}

/** Moves between cells of a grid with arrow keys (roving tabindex); cells are buttons or boxes with a `.tile`. */
export function moveAmong(grid, event) {
  const cells = [...grid.children].map((child) => child.querySelector(".tile") ?? child)
  const step = CELL_STEPS[event.key]?.(cells)
  if (step === undefined) return
  const to = cells[cells.indexOf(event.target.closest("button")) + step]
  event.preventDefault()
  if (!to) return
  cells.forEach((cell) => { cell.tabIndex = cell === to ? 0 : -1 })
  to.focus()
}
