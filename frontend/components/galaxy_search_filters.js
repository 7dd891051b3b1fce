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
  state.labels = el("select", { "aria-label": "Class" })
  state.labels.onchange = () => change(state, { label: state.labels.value || null })
  state.splits = el("select", { "aria-label": "Split" })
  state.splits.onchange = () => change(state, { split: state.splits.value || null })
  state.bounds = Object.fromEntries([["zmin", "redshift from"], ["zmax", "to"], ["pmin", "arcsec/pixel from"], ["pmax", "to"], ["near", "not nearer on the sky than, arcsec"]].map(([name, words]) => [name, boundField(state, name, words)]))
  state.keepTrivial = el("input", { type: "checkbox" })
  state.keepTrivial.onchange = () => change(state, { trivial: state.keepTrivial.checked })
  state.foldName = el("summary", {}, "Filters")
  return el("details", {}, state.foldName, el("div", { class: "fold" },
    state.labels, state.splits, Object.values(state.bounds).map(({ node }) => node),
    el("label", { class: "check", title: "The same source, near on the sky, or a near-identical image" }, state.keepTrivial, "keep the same galaxy again")))
}

function boundField(state, name, words) {
  const input = el("input", { type: "number", step: "any", class: "number", "aria-label": name === "zmax" ? "redshift to" : name === "pmax" ? "arcsec/pixel to" : words })
  input.onchange = () => change(state, { [name]: input.value === "" ? (name === "near" ? 5 : null) : Number(input.value) })
  return { input, node: el("label", { class: "field" }, el("span", { class: "gx-soft" }, words), input) }
}

function showFilters(state) {
  const { want, data: { sizes } } = state
  const of = datasetNow(state)
  const many = sizes.includes(want.k) ? sizes : [...sizes, want.k].sort((a, b) => a - b)
  fillSelect(state.sizes, many.map((k) => [String(k), `${k} galaxies`]), String(want.k))
  state.tileSize.value = want.tile
  state.root.style.setProperty("--tile", `${want.tile}px`)
  state.orders.forEach((button, place) => button.setAttribute("aria-pressed", want.least === Boolean(place)))
  const classes = [...(of?.class_names ?? []), ...(of?.unlabelled && of.class_names.length ? ["unlabelled"] : [])]
  fillSelect(state.labels, [["", "any class"], ...classes.map((name) => [name, name])], want.label ?? "")
  state.labels.hidden = !classes.length
  fillSelect(state.splits, [["", "any split"], ...(of?.splits ?? []).map((name) => [name, name])], want.split ?? "")
  for (const [name, { input }] of Object.entries(state.bounds)) {
    if (input.getRootNode().activeElement !== input) input.value = want[name] ?? ""
  }
  for (const name of ["zmin", "zmax"]) state.bounds[name].node.hidden = !of?.redshift_range
  state.bounds.near.node.hidden = !of?.with_sky
  state.keepTrivial.checked = want.trivial
  const on = ["label", "split", "zmin", "zmax", "pmin", "pmax"].filter((name) => want[name] !== null).length
  state.foldName.textContent = on ? `Filters (${on})` : "Filters"
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
