// Galaxies that have a twin in another split, side by side.

const twinViews = makeStore()

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".gx-twin_pairs")
  const state = twinViews(parentElement, () => {
    const made = { pairs: el("div", { class: "pairs" }), view: galaxyDialog() }
    root.replaceChildren(made.pairs, made.view.node)
    return made
  })
  const wanted = JSON.stringify(data)
  if (wanted === state.drawn) return
  state.drawn = wanted
  state.pairs.replaceChildren(...data.pairs.map((pair) => pairCard(state, data, pair)))
}

function pairCard(state, of, pair) {
  const how = pair.how === "same" ? "the same way up" : pair.how
  return el("figure", {}, side(state, of, pair.row, pair.split), side(state, of, pair.other, pair.other_split),
    el("figcaption", {}, `${how} · differ by ${pair.rms_levels.toFixed(1)} of 255 levels`))
}

function side(state, of, row, split) {
  const button = el("button", { title: `Open row ${row}` }, galaxyPicture(of, row, 160),
    el("span", {}, el("b", {}, split), ` row ${row}`))
  button.onclick = () => openRow(state.view, of, row)
  return button
}
