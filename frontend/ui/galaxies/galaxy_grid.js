// A page of galaxies as a grid; arrow keys move, Enter opens a galaxy.

import { makeStore } from "../kit/component.js"
import { el } from "../kit/dom.js"
import { galaxyDialog, galaxyLine, galaxyPicture, moveAmong, nameOfGalaxy, showGalaxy } from "./galaxy_dialog.js"

/** @import { Galaxy, PictureSource } from "../../api/contract.d.ts" */
/** @import { Mounting } from "../kit/mount.d.ts" */

/** @typedef {PictureSource & { labelled: boolean, galaxies: Galaxy[] }} Data */
/** @typedef {ReturnType<typeof build>} State */

/** @type {ReturnType<typeof makeStore<State>>} */
const grids = makeStore()

/** @param {Mounting<Data>} mounting */
export default function ({ data, parentElement }) {
  const state = grids(parentElement, () => build(/** @type {HTMLElement} */ (parentElement.querySelector(".gx-galaxy_grid")), data))
  const key = JSON.stringify(data)
  if (key === state.drawn) return
  Object.assign(state, { drawn: key, data })
  state.cells.replaceChildren(...data.galaxies.map((galaxy, i) => cellOf(state, galaxy, i)))
}

/** @param {HTMLElement} root @param {Data} data */
function build(root, data) {
  const cells = el("div", { class: "cells", role: "group", "aria-label": "Galaxies" })
  const view = galaxyDialog((step) => { if (state.data.galaxies[state.at + step]) open(state, state.at + step) })
  const state = { data, cells, view, at: 0, drawn: "" }
  cells.onkeydown = (event) => moveAmong(cells, event)
  root.replaceChildren(cells, view.node)
  return state
}

/** @param {State} state @param {Galaxy} galaxy @param {number} index */
function cellOf(state, galaxy, index) {
  return el("button", { tabindex: index ? -1 : 0, title: galaxyLine(galaxy), onClick: () => open(state, index) },
    galaxyPicture(state.data, galaxy.row, 160, nameOfGalaxy(galaxy)),
    el("span", { class: "caption" }, galaxy.label ?? (state.data.labelled ? "no label" : galaxy.source_id)))
}

/** @param {State} state @param {number} index */
function open(state, index) {
  state.at = index
  showGalaxy(state.view, state.data, state.data.galaxies[index])
}
