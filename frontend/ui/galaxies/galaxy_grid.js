// A page of galaxies as a grid; arrow keys move, Enter opens a galaxy.

import { makeStore } from "../kit/component.js"
import { el } from "../kit/dom.js"
import { galaxyDialog, galaxyPicture, moveAmong, nameOfGalaxy, showGalaxy } from "./galaxy_dialog.js"

const grids = makeStore()

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".gx-galaxy_grid")
  const state = grids(parentElement, () => build(root))
  const key = JSON.stringify(data)
  if (key === state.drawn) return
  state.drawn = key
  state.data = data
  state.cells.replaceChildren(...data.galaxies.map((galaxy, i) => cellOf(state, galaxy, i)))
}

function build(root) {
  const state = { cells: el("div", { class: "cells", role: "group", "aria-label": "Galaxies" }), at: 0 }
  state.cells.onkeydown = (event) => moveAmong(state.cells, event)
  state.view = galaxyDialog((step) => { if (state.data.galaxies[state.at + step]) open(state, state.at + step) })
  root.replaceChildren(state.cells, state.view.node)
  return state
}

function cellOf(state, galaxy, index) {
  const button = el("button", { tabindex: index ? -1 : 0, title: captionOf(galaxy) },
    galaxyPicture(state.data, galaxy.row, 160, nameOfGalaxy(galaxy)),
    el("span", { class: "caption" }, galaxy.label ?? (state.data.labelled ? "no label" : galaxy.source_id)))
  button.onclick = () => open(state, index)
  return button
}

function captionOf(galaxy) {
  return [`row ${galaxy.row}`, galaxy.label, galaxy.split, galaxy.source_id].filter(Boolean).join(" · ")
}

function open(state, index) {
  state.at = index
  showGalaxy(state.view, state.data, state.data.galaxies[index])
}
