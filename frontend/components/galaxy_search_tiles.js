// The results: a picture is a button that makes it the query; + and − make it an example.

function buildTiles(state) {
  state.tiles = el("div", { class: "tiles", role: "group", "aria-label": "Similar galaxies. Arrow keys move, Enter searches by it, plus and minus add an example." })
  state.tiles.onkeydown = (event) => onTileKey(state, event)
  return state.tiles
}

function drawTiles(state) {
  const { result } = state
  const held = state.tiles.contains(state.tiles.getRootNode().activeElement)
  state.tiles.replaceChildren(...result.neighbours.map((one, place) => tileOf(state, one, place)))
  state.root.dataset.shown = state.shown
  showTaking(state)
  if (held) state.tiles.querySelector(".shot")?.focus()
  showSays(state)
}

function tileOf(state, { galaxy, similarity, links }, place) {
  const of = datasetNow(state)
  const words = `${nameOfGalaxy(galaxy)}, similarity ${similarity.toFixed(3)}`
  const shot = el("button", { class: "shot", tabindex: place ? -1 : 0, "data-row": galaxy.row, "aria-label": words,
    title: [`row ${galaxy.row}`, galaxy.label, galaxy.split, galaxy.source_id].filter(Boolean).join(" · ") }, galaxyPicture(of, galaxy.row, 256, words))
  shot.onclick = () => pivot(state, galaxy.row)
  return el("div", { class: "tile" }, shot,
    el("div", { class: "caption" }, el("b", {}, similarity.toFixed(3)),
      signButton(state, galaxy.row, "plus", "+", "More like this one too"), signButton(state, galaxy.row, "minus", "−", "Less like this one")),
    el("div", { class: "label" }, galaxy.label ?? (of.class_names.length ? "no class" : galaxy.source_id)),
    links ? el("div", { class: "links" }, skyLinks(links)) : null)
}

function signButton(state, row, kind, sign, title) {
  return el("button", { class: `sign ${kind}`, tabindex: -1, title, "aria-label": `${title}: galaxy ${row}`, onClick: () => example(state, row, kind) }, sign)
}

function onTileKey(state, event) {
  const tiles = [...state.tiles.children]
  const here = tiles.indexOf(event.target.closest(".tile"))
  const kind = { "+": "plus", "-": "minus" }[event.key]
  if (here >= 0 && kind) return example(state, state.result.neighbours[here].galaxy.row, kind)
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
    el("button", { class: "narrow", onClick: () => change(state, { exact: Boolean(approximate) }) }, approximate ? "Compare with all" : "Use the index")]
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
