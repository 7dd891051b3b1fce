// How many, how large, most or least alike, and which galaxies may be found; the results taken along.

function buildFilters(state) {
  state.sizes = el("select", { "aria-label": "How many" })
  state.sizes.onchange = () => change(state, { k: Number(state.sizes.value) })
  state.tileSize = el("input", { type: "range", min: 64, max: 256, step: 8, "aria-label": "Size of the pictures" })
  state.tileSize.oninput = () => change(state, { tile: Number(state.tileSize.value) })
  state.orders = [["most", false], ["least", true]].map(([word, least]) => el("button", { class: "narrow", title: `The ${word} alike`, onClick: () => change(state, { least }) }, `${word} alike`))
  state.taking = el("span", { class: "group" })
  return el("div", { class: "bar filters" },
    el("div", { class: "group" }, state.sizes, state.tileSize), el("div", { class: "group", role: "group", "aria-label": "Order" }, state.orders),
    buildFold(state), state.taking, (state.keep = keepControl(() => ({ dataset: state.result.dataset, rows: rowsKept(state) }))))
}

function buildFold(state) {
  const rows = buildRowFilters(state)
  state.bounds.near = boundField(state, "near", "not nearer on the sky than, arcsec", 5)
  state.keepTrivial = el("input", { type: "checkbox" })
  state.keepTrivial.onchange = () => change(state, { trivial: state.keepTrivial.checked })
  state.foldName = el("summary", {}, "Filters")
  return el("details", {}, state.foldName, el("div", { class: "fold" }, rows, state.bounds.near.node,
    el("label", { class: "check", title: "The same source, near on the sky, or a near-identical image" }, state.keepTrivial, "keep the same galaxy again")))
}

function showFilters(state) {
  const { want, data: { sizes } } = state
  const of = datasetNow(state)
  const many = sizes.includes(want.k) ? sizes : [...sizes, want.k].sort((a, b) => a - b)
  fillSelect(state.sizes, many.map((k) => [String(k), `${k} galaxies`]), String(want.k))
  state.tileSize.value = want.tile
  state.root.style.setProperty("--tile", `${want.tile}px`)
  state.orders.forEach((button, place) => button.setAttribute("aria-pressed", want.least === Boolean(place)))
  showRowFilters(state)
  state.bounds.near.node.hidden = !of?.with_sky
  state.keepTrivial.checked = want.trivial
  showTaking(state)
}

/** The query and what is found. */
function rowsKept({ result }) {
  return [...(result.query ? [result.query.galaxy.row] : []), ...result.neighbours.map(({ galaxy }) => galaxy.row)]
}

/** Files of what is found, and of every embedding. */
function showTaking(state) {
  const request = requestOf(state)
  state.keep.hidden = !request || !state.result
  if (!request) return state.taking.replaceChildren()
  const space = new URLSearchParams(spaceOf(state))
  const file = (address, word, title) => el("a", { href: API + address, download: "", title }, word)
  renew(state.taking,
    file(`/search.csv?${queryOf(request)}`, "CSV", "These results, with ra, dec, similarity, class and links"),
    file(`/search.parquet?${queryOf(request)}`, "Parquet", "These results, with ra, dec, similarity, class and links"),
    file(`/embeddings.parquet?${space}`, "all embeddings", "The vector of every galaxy by its source id, as Parquet"),
    file(`/embeddings.npy?${space}`, ".npy", "The vector of every galaxy by its source id, as NumPy records"))
}
