// By what galaxies are odd, whose neighbours are asked, which are looked at, and the learning.

const BY_NAMES = [["isolation", "Isolated", "Far from its neighbours"], ["mislabel", "Mislabelled?", "Its neighbours carry another label"],
  ["interest", "Interesting", "Like what you rated high: learned from your ratings or flags"]]
const KS = [5, 10, 20, 50]
const SOURCES = [["ratings", "my ratings"], ["flags", "label flags"]]

function buildBar(state) {
  state.orders = BY_NAMES.map(([by, word, title]) => el("button", { title, onClick: () => change(state, { by }) }, word))
  state.ks = el("select", { "aria-label": "Neighbours" })
  state.ks.onchange = () => change(state, { k: Number(state.ks.value) })
  state.sources = el("select", { "aria-label": "Learn from" })
  state.sources.onchange = () => chooseSource(state)
  state.learning = el("button", { class: "gx-main", "aria-keyshortcuts": "l", onClick: () => learn(state) }, "Learn")
  return el("div", { class: "bar" },
    el("div", { class: "group", role: "group", "aria-label": "Odd by" }, state.orders),
    el("div", { class: "group" }, state.learning, el("span", { class: "gx-soft" }, "from"), state.sources), buildFold(state))
}

/** Another source counts with the next press; where it has taught already, at once. */
function chooseSource(state) {
  if (state.want.by === "interest") return change(state, { learn: state.sources.value })
  state.want.learn = state.sources.value
  showBar(state)
  tellSoon(state, ODD_TELL_MS)
}

function buildFold(state) {
  state.withRated = el("input", { type: "checkbox" })
  state.withRated.onchange = () => change(state, { rated: state.withRated.checked })
  state.foldName = el("summary", {}, "Filters")
  const field = (word, node) => el("label", { class: "field" }, el("span", { class: "gx-soft" }, word), node)
  return el("details", {}, state.foldName, el("div", { class: "fold" }, buildRowFilters(state),
    field("neighbours", state.ks),
    el("label", { class: "check" }, state.withRated, "also those that are rated")))
}

function showBar(state) {
  const { want } = state
  const bare = isBare(datasetNow(state))
  state.orders.forEach((button, place) => {
    const [by, , title] = BY_NAMES[place]
    button.setAttribute("aria-pressed", String(want.by === by))
    button.disabled = by === "mislabel" && bare
    button.title = button.disabled ? `${want.dataset} has no labels that could be doubted` : title
  })
  fillSelect(state.ks, [...new Set([...KS, want.k])].sort((a, b) => a - b).map((k) => [String(k), String(k)]), String(want.k))
  fillSelect(state.sources, SOURCES, want.learn)
  state.withRated.checked = want.rated
  state.learning.title = want.learn === "flags" ? "What tells flagged labels from galaxies that are rated and not flagged (l)" : "What tells the galaxies that you rated high from the others (l)"
  showRowFilters(state)
}

const isBare = (of) => !of?.class_names.length || of.unlabelled === of.n
