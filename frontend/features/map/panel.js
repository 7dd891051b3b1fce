// The panel beside the map: tooltip, selected galaxy, and lasso selection.

import { collectControl } from "../../ui/galaxies/collecting.js"
import { fetchGalaxy } from "../../ui/galaxies/fetching.js"
import { factList, galaxyFacts, galaxyPicture, moveAmong, simulatedTag } from "../../ui/galaxies/galaxy_dialog.js"
import { el, exists } from "../../ui/kit/dom.js"
import { clamp, grouped, isNumber } from "../../ui/kit/format.js"
import { alertLine, problemWords } from "../../ui/kit/problems.js"
import { NUMBER_WORDS } from "./colours.js"
import { wantFrame } from "./draw.js"
import { hasPoints, toScreen } from "./field.js"
import { chooseGalaxy } from "./galaxy_map.js"
import { drawOverlap } from "./overlap.js"
import { wantFrames } from "./panes.js"

/** @import { Colours, Galaxy } from "../../api/contract.d.ts" */
/** @import { MapState, Pane } from "./state.d.ts" */

const HOVER_MS = 40
const PER_GALLERY = 48
export const HINT = "Hover over a galaxy to see it, click it to keep it here. Use Lasso, or drag with Shift, to select several."

/** The galaxy under the pointer is marked in both maps. @param {Pane} pane @param {number} index */
export function hover(pane, index) {
  const { map, tip } = pane
  if (index === map.at) return
  map.at = index
  clearTimeout(map.later)
  map.since = performance.now()
  for (const one of map.panes) {
    one.canvas.style.cursor = index >= 0 ? "pointer" : ""
    one.tip.hidden = one !== pane || index < 0
    delete one.tip.dataset.row
    if (one.field) wantFrame(one)
  }
  if (index < 0 || !hasPoints(pane)) return
  const [px, py] = toScreen(pane.view, pane.size, pane.field.x[index], pane.field.y[index])
  const left = clamp(px - 75, 4, pane.size.width - 154)
  tip.style.cssText = `left:${left}px;top:${py > 190 ? py - 182 : py + 16}px`
  const id = el("span", { class: "gx-soft" }, `row ${index}`)
  tip.replaceChildren(el("i", { class: "gx-bone" }), el("span", {}, wordsOf(map, index)), id)
  map.later = setTimeout(() => showHovered(pane, index, id), HOVER_MS)
}

/** @param {Pane} pane @param {number} index @param {HTMLElement} id */
async function showHovered({ map, tip }, index, id) {
  const picture = galaxyPicture(map.data.of, index, 128)
  picture.onload = () => {
    if (map.at === index) Object.assign(tip.dataset, { row: index, ms: Math.round(performance.now() - map.since) })
  }
  picture.loading = "eager"
  tip.firstChild?.replaceWith(picture)
  const galaxy = await fetchGalaxy(map.data.of.dataset, index).catch(() => null)
  if (galaxy && map.at === index) id.textContent = `row ${index} · ${galaxy.source_id}`
}

/** @param {Colours} column @param {number | null} value */
const nameOf = ({ names }, value) => (isNumber(value) ? names[value] : undefined)

/** The class and the coloured value as text. @param {MapState} state @param {number} index */
function wordsOf(state, index) {
  const { classes, column } = state
  const known = classes ? [nameOf(classes, classes.values[index]) ?? "no label"] : []
  if (!column || column.by === "class") return known.join("")
  const value = column.values[index]
  const named = column.names.length ? nameOf(column, value) ?? column.unknown : isNumber(value) ? value.toFixed(NUMBER_WORDS[column.by].digits) : column.unknown
  const what = { split: "", predicted: "predicted ", right: "", confidence: "confidence ", redshift: "z ", flagged: "", rating: "rated " }[column.by]
  return [...known, named === column.unknown ? named : `${what}${named}`].join(" · ")
}

/** The selected galaxy with its metadata and links. @param {MapState} state */
export async function showCard(state) {
  const row = state.view.galaxy
  if (row === state.carded) return
  state.carded = row
  state.card.replaceChildren()
  showHint(state)
  if (!exists(row)) return
  const close = el("button", { class: "close", "aria-label": "Deselect this galaxy", title: "Deselect (Esc)", onClick: () => chooseGalaxy(state, -1) }, "×")
  const picture = galaxyPicture(state.data.of, row, 512)
  picture.className = "crisp"
  const side = el("div", { class: "side" }, el("p", { class: "gx-soft" }, `row ${row}`))
  state.card.replaceChildren(el("div", { class: "one", "data-row": row }, picture, side, close))
  try {
    const galaxy = await fetchGalaxy(state.data.of.dataset, row)
    if (galaxy && state.view.galaxy === row) side.replaceChildren(...factsAndLinks(state, galaxy))
  } catch (problem) {
    side.replaceChildren(alertLine(problemWords(problem, "The server is not responding.")))
  }
}

/** @param {MapState} state @param {Galaxy} galaxy */
function factsAndLinks(state, galaxy) {
  const { of, query } = state.data
  const { run, checkpoint, dataset, depth, pooling } = query
  const link = (/** @type {string} */ page, /** @type {Record<string, string | number>} */ values, /** @type {string} */ word, /** @type {string} */ title) =>
    el("a", { class: "onward", href: `/${page}?${new URLSearchParams(Object.entries(values).map(([key, value]) => [key, String(value)]))}`, title }, word)
  const tag = simulatedTag(of)
  return [factList(galaxyFacts(galaxy)), tag && el("p", {}, tag),
    el("nav", { "aria-label": "Links for this galaxy" },
      link("reconstruct", { run, dataset: of.dataset, row: galaxy.row }, "Reconstruct", "Reconstruct this galaxy with the run of the encoder"),
      link("search", { run, checkpoint, dataset, depth, pooling, row: galaxy.row }, "Similar", "The most similar galaxies according to this encoder"),
      link("data", { dataset: of.dataset, ...(galaxy.label ? { label: galaxy.label } : {}) }, galaxy.label ? `All ${galaxy.label} in Data` : "Data", "On the Data page"))].filter(exists)
}

/** Selects the rows of a lasso, or null; the map fades all others. @param {MapState} state @param {number[] | null} rows */
export function select(state, rows) {
  state.collect?.forget()
  state.chosen = rows?.length ? rows : null
  state.isChosen = new Uint8Array(state.painting.code.length)
  for (const row of state.chosen ?? []) state.isChosen[row] = 1
  state.galleryLength = PER_GALLERY
  drawGallery(state, rows)
  drawOverlap(state)
  wantFrames(state)
}

/** @param {MapState} state @param {number[] | null} rows */
function drawGallery(state, rows) {
  showHint(state)
  state.gallery.replaceChildren()
  if (!rows) return
  const shown = shownCount(state)
  const head = el("div", { class: "head" }, el("b", {}, `${grouped(rows.length)} of ${grouped(shown)}`), el("span", { class: "gx-soft" }, rows.length ? "inside the lasso" : "no points inside the lasso"),
    el("button", { onClick: () => select(state, null) }, "Clear"))
  state.collect ??= collectControl(() => ({ dataset: state.data.of.dataset, rows: [...(state.chosen ?? [])] }))
  const cells = el("div", { class: "cells", role: "group", "aria-label": "Galaxies inside the lasso" }, rows.slice(0, state.galleryLength).map((row, i) => galleryCell(state, row, i)))
  cells.onkeydown = (event) => moveAmong(cells, event)
  const more = rows.length > state.galleryLength ? el("button", { onClick: () => { state.galleryLength += PER_GALLERY; drawGallery(state, rows) } }, `${grouped(Math.min(PER_GALLERY, rows.length - state.galleryLength))} more`) : null
  state.gallery.replaceChildren(...[head, rows.length ? state.collect : null, state.overlapText, classesInside(state, rows), cells, more].filter(exists))
}

/** @param {MapState} state */
function shownCount({ painting, hidden }) {
  return painting.counts.reduce((sum, count, k) => (hidden.has(k) ? sum : sum + count), 0)
}

/** @param {MapState} state @param {number} row @param {number} index */
function galleryCell(state, row, index) {
  const words = wordsOf(state, row)
  const button = el("button", { tabindex: index ? -1 : 0, "data-row": row, title: `row ${row} · ${words}` },
    galaxyPicture(state.data.of, row, 96, `Galaxy ${row}: ${words}`), el("span", { class: "caption" }, words || `row ${row}`))
  button.onclick = () => chooseGalaxy(state, row)
  button.onmouseenter = () => { state.at = row; wantFrames(state) }
  button.onmouseleave = () => { state.at = -1; wantFrames(state) }
  return button
}

/** The number of galaxies of each class in the selection, most frequent first. @param {MapState} state @param {number[]} rows */
function classesInside({ classes }, rows) {
  if (!classes || !rows.length) return null
  /** @type {Map<number | null, number>} */
  const inside = new Map(), all = new Map()
  for (const value of classes.values) all.set(value, (all.get(value) ?? 0) + 1)
  for (const row of rows) inside.set(classes.values[row], (inside.get(classes.values[row]) ?? 0) + 1)
  const ranked = [...inside].sort((a, b) => b[1] - a[1])
  return el("table", { class: "counts", "aria-label": "By class" }, ranked.map(([value, count]) => el("tr", {},
    el("th", { scope: "row" }, nameOf(classes, value) ?? "no label"),
    el("td", { class: "num" }, `${grouped(count)} of ${grouped(all.get(value))}`),
    el("td", { class: "track" }, el("i", { style: `width:${(100 * count) / rows.length}%` })))))
}

/** @param {MapState} state */
function showHint(state) {
  state.hint.hidden = exists(state.view?.galaxy) || Boolean(state.chosen)
}
