// A page of galaxies in equal cells; arrows move, Enter opens one.

const grids = makeStore()

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".gx-galaxy_grid")
  const state = grids(parentElement, () => build(root))
  const wanted = JSON.stringify(data)
  if (wanted === state.drawn) return
  state.drawn = wanted
  state.data = data
  state.cells.replaceChildren(...data.galaxies.map((galaxy, i) => cellOf(state, galaxy, i)))
}

function build(root) {
  const state = { cells: el("div", { class: "cells", role: "group", "aria-label": "Galaxies" }), view: el("dialog", { "aria-label": "Galaxy" }), at: 0 }
  state.cells.onkeydown = (event) => move(state, event)
  state.view.onkeydown = (event) => turn(state, event)
  state.view.onclick = (event) => { if (event.target === state.view) state.view.close() }
  root.replaceChildren(state.cells, state.view)
  return state
}

function picture(state, galaxy, size) {
  const name = encodeURIComponent(state.data.dataset)
  const image = el("img", { src: `${API}/datasets/${name}/images/${galaxy.row}.png?size=${size}`, loading: "lazy", decoding: "async",
    width: size, height: size, alt: `Galaxy ${galaxy.row}${galaxy.label ? `, ${galaxy.label}` : ""}` })
  return image
}

/** Pixels asked of the server: never more than twice the image's own. */
function pixels(state, wanted) {
  return Math.min(wanted, 2 * state.data.img_size)
}

function cellOf(state, galaxy, index) {
  const image = picture(state, galaxy, pixels(state, 160))
  const button = el("button", { tabindex: index ? -1 : 0, title: captionOf(galaxy) }, image,
    el("span", { class: "caption" }, galaxy.label ?? "no label"))
  button.onclick = () => open(state, index)
  return button
}

function captionOf(galaxy) {
  return [`row ${galaxy.row}`, galaxy.label, galaxy.split, galaxy.source_id].filter(Boolean).join(" · ")
}

function columns(state) {
  const cells = [...state.cells.children]
  const next = cells.findIndex((cell) => cell.offsetTop > cells[0].offsetTop)
  return next < 0 ? cells.length : next
}

const STEPS = { ArrowRight: () => 1, ArrowLeft: () => -1, ArrowDown: columns, ArrowUp: (state) => -columns(state) }

function move(state, event) {
  const step = STEPS[event.key]?.(state)
  if (step === undefined) return
  const cells = [...state.cells.children]
  const from = cells.indexOf(event.target.closest("button"))
  const to = cells[from + step]
  event.preventDefault()
  if (!to) return
  cells.forEach((cell) => { cell.tabIndex = cell === to ? 0 : -1 })
  to.focus()
}

function open(state, index) {
  state.at = index
  fill(state)
  state.view.showModal()
}

function turn(state, event) {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key]
  if (!step || !state.data.galaxies[state.at + step]) return
  state.at += step
  fill(state)
}

function fill(state) {
  const galaxy = state.data.galaxies[state.at]
  const side = pixels(state, 512)
  const image = picture(state, galaxy, side)
  image.className = side > 2 * state.data.img_size - 1 ? "crisp" : ""
  const facts = [
    ["row", String(galaxy.row)], ["class", galaxy.label ?? "none"], ["split", galaxy.split], ["source", galaxy.source_id],
    ["RA", degrees(galaxy.ra)], ["Dec", degrees(galaxy.dec)],
    ["redshift", isNumber(galaxy.redshift) ? galaxy.redshift.toFixed(4) : null],
    ["pixel scale", isNumber(galaxy.pxscale) ? `${galaxy.pxscale.toFixed(3)} arcsec` : null],
  ].filter(([, value]) => value)
  const close = el("button", { onClick: () => state.view.close() }, "Close")
  state.view.replaceChildren(image,
    el("div", { class: "side" }, el("dl", {}, facts.flatMap(([key, value]) => [el("dt", {}, key), el("dd", {}, value)])),
      state.data.simulated ? el("p", {}, el("span", { class: "gx-tag" }, "simulated")) : null, close))
  close.focus()
}

const degrees = (value) => (isNumber(value) ? `${value.toFixed(5)}°` : null)
