// The results: a picture is a button that makes it the query; + and − make it an example.

function buildTiles(state) {
  const tiles = el("div", { class: "tiles", role: "group", "aria-label": "Similar galaxies. Arrow keys move, Enter searches by it, plus and minus add an example." })
  tiles.onkeydown = (event) => onTileKey(state, event, tiles)
  for (const name of ["mouseover", "focusin"]) tiles.addEventListener(name, (event) => ringRow(state, event.target.closest(".tile")))
  for (const name of ["mouseleave", "focusout"]) tiles.addEventListener(name, () => ringRow(state, null))
  return tiles
}

function drawTiles(state) {
  const [first, second] = state.halves
  drawGrid(state, first.tiles, state.result, state.second)
  drawGrid(state, second.tiles, state.second, state.result)
  state.root.dataset.shown = state.shown
  state.keep.forget()
  showTaking(state)
  showSays(state)
  showHalves(state)
}

/** One encoder's galaxies; `other` are the second's, whom it marks. */
function drawGrid(state, tiles, result, other) {
  const held = tiles.contains(tiles.getRootNode().activeElement)
  const there = new Map((other?.neighbours ?? []).map(({ galaxy }, place) => [galaxy.row, place + 1]))
  tiles.replaceChildren(...(result?.neighbours ?? []).map((one, place) => tileOf(state, one, place, there.get(one.galaxy.row))))
  if (held) tiles.querySelector(".shot")?.focus()
}

function tileOf(state, { galaxy, similarity, links }, place, there) {
  const of = datasetNow(state)
  const also = there ? `, in both, place ${there} of the other` : ""
  const words = `${nameOfGalaxy(galaxy)}, similarity ${similarity.toFixed(3)}${also}`
  const shot = el("button", { class: "shot", tabindex: place ? -1 : 0, "data-row": galaxy.row, "aria-label": words,
    title: [`row ${galaxy.row}`, galaxy.label, galaxy.split, galaxy.source_id].filter(Boolean).join(" · ") + also }, galaxyPicture(of, galaxy.row, 256, words))
  shot.onclick = () => pivot(state, galaxy.row)
  return el("div", { class: "tile", "data-both": there }, shot,
    there ? el("span", { class: "twin", "aria-hidden": true }, svgShape("ring", TWO_RINGS), `both · #${there}`) : null,
    el("div", { class: "caption" }, el("b", {}, similarity.toFixed(3)),
      signButton(state, galaxy.row, "plus", "+", "More like this one too"), signButton(state, galaxy.row, "minus", "−", "Less like this one")),
    el("div", { class: "label" }, galaxy.label ?? (of.class_names.length ? "no class" : galaxy.source_id)),
    links ? el("div", { class: "links" }, skyLinks(links)) : null)
}

function signButton(state, row, kind, sign, title) {
  return el("button", { class: `sign ${kind}`, tabindex: -1, title, "aria-label": `${title}: galaxy ${row}`, onClick: () => example(state, row, kind) }, sign)
}

/** The galaxy under the hand has a ring in both grids, where both found it. */
function ringRow(state, tile) {
  const row = tile?.dataset.both ? tile.querySelector(".shot").dataset.row : null
  for (const { tiles } of state.halves) {
    for (const one of tiles.children) one.classList.toggle("ringed", row !== null && one.querySelector(".shot").dataset.row === row)
  }
}

function onTileKey(state, event, grid) {
  const tiles = [...grid.children]
  const here = tiles.indexOf(event.target.closest(".tile"))
  const kind = { "+": "plus", "-": "minus" }[event.key]
  if (here >= 0 && kind) return example(state, Number(tiles[here].querySelector(".shot").dataset.row), kind)
  const to = tiles[here + CELL_STEPS[event.key]?.(tiles)]
  if (CELL_STEPS[event.key]) event.preventDefault()
  if (!to) return
  tiles.forEach((tile) => { tile.firstChild.tabIndex = tile === to ? 0 : -1 })
  to.firstChild.focus()
}

/** Whether an index chose whom to compare with, how well it does, and the way to the other search. */
function howFound(state, { approximate }) {
  if (!approximate && !state.want.exact) return null
  const share = (100 * (approximate?.recall ?? 1)).toFixed(1)
  return [approximate ? ` · by an index that finds ${share} % of the ${approximate.k} nearest (measured on ${approximate.queries} galaxies) ` : " · compared with every galaxy ",
    el("button", { class: "narrow", "data-exact": String(Boolean(approximate)), onClick: () => change(state, { exact: Boolean(approximate) }) }, approximate ? "Compare with all" : "Use the index")]
}

/** How many were ranked, what was left out, and what went wrong. */
function showSays(state) {
  const { result, problem, news, far } = state
  const several = state.want.plus.length + state.want.minus.length > 0
  const counted = result ? [
    `${grouped(result.neighbours.length)} of ${grouped(result.candidates)} galaxies of ${result.dataset}, ${state.want.least ? "least" : "most"} alike first`,
    result.left_out ? `${grouped(result.left_out)} left out as the same galaxy again` : null,
    several ? "similarity is the mean cosine to what it should be like, less half of that to what not" : null,
    `${result.milliseconds.toFixed(1)} ms`].filter(Boolean).join(" · ") : ""
  renew(state.says,
    problem ? el("p", { class: "gx-tone-bad", role: "alert" }, problem) : null,
    news ? el("p", { class: far ? "gx-tone-warn" : "gx-soft", role: "status" }, news) : null,
    counted && state.data.state?.ready ? el("p", { class: "gx-soft counted" }, counted, howFound(state, result)) : null,
    result && !result.neighbours.length ? el("p", {}, "No galaxy passes these filters; take one of them off.") : null)
}
