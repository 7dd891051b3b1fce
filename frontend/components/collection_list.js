// The collections of a dataset: their names and notes are written in place; one that is removed can be put back.

const collectionLists = makeStore()

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".gx-collection_list")
  const state = collectionLists(parentElement, () => ({ root, news: [] }))
  const wanted = `${data.dataset} ${data.version}`
  state.of = data
  if (wanted === state.wanted) return
  Object.assign(state, { wanted, news: [] })
  loadCollections(state)
}

async function loadCollections(state) {
  const { wanted } = state
  try {
    const found = await ask(collectionsPath(state.of.dataset))
    if (wanted !== state.wanted) return
    state.found = found
    showCollections(state)
  } catch (problem) {
    state.root.replaceChildren(el("p", {}, keepProblem(problem)), el("button", { onClick: () => loadCollections(state) }, "Try again"))
  }
}

function showCollections(state) {
  const n = state.found.length
  const words = n ? "They belong to these galaxies, whatever the dataset is called. A CSV is also a split table, from which a dataset of its galaxies is made."
    : "None yet. On the Search page or in a lasso of the Map, Keep… puts galaxies under a name."
  sayOf(state, state.news)
  renew(state.root, el("p", { class: "gx-soft" }, words), state.said, el("ul", {}, state.found.map((one) => collectionItem(state, one))))
}

function sayOf(state, words) {
  state.said ??= el("p", { role: "status" })
  state.said.replaceChildren(...words)
}

function collectionItem(state, one) {
  const { dataset } = state.of
  const path = API + collectionPath(dataset, one.name)
  const file = (word) => el("a", { class: "file", href: `${path}.${word.toLowerCase()}`, download: true }, word)
  const written = (key, words, most) => {
    const input = el("input", { class: key, maxlength: most, "data-item": key, "aria-label": `${words} of ${one.name}`, placeholder: words, value: one[key] })
    input.onchange = () => changeCollection(state, one, key, input)
    return input
  }
  return el("li", { "data-item": one.created_at, "data-name": one.name }, el("div", {}, written("name", "name", 80), written("note", "note", 2000),
    el("p", { class: "gx-soft", title: clockTime(one.updated_at) }, `${grouped(one.n)} ${one.n === 1 ? "galaxy" : "galaxies"}, changed ${ago(one.updated_at)}`)),
  el("div", { class: "acts" }, el("a", { class: "file", href: `/data?${new URLSearchParams({ dataset, collection: one.name })}` }, "See them"),
    file("CSV"), file("Parquet"), el("button", { onClick: () => removeCollection(state, one) }, "Remove")))
}

async function changeCollection(state, one, key, input) {
  const typed = input.value
  await attempt(state, async () => {
    Object.assign(one, await sendCollection(state, one.name, "PATCH", { [key]: typed }))
    takeText(input, typed)
    state.news = []
  })
}

/** Removes it; what was in it is kept here until the page goes, so that it can be put back. */
async function removeCollection(state, one) {
  await attempt(state, async () => {
    const answer = await fetch(`${API}${collectionPath(state.of.dataset, one.name)}.csv`)
    const rows = answer.ok ? rowsOfTable(await answer.text()) : []
    if (!rows.every(Number.isInteger) || rows.length < one.n) throw new Refused(`${one.name} stays: its galaxies could not be read, so that it could not be put back`)
    await ask(collectionPath(state.of.dataset, one.name), { method: "DELETE" })
    state.found = state.found.filter((other) => other !== one)
    state.news = [`${one.name} is removed. `, el("button", { onClick: () => restoreCollection(state, one, rows) }, "Put it back")]
  })
}

async function restoreCollection(state, one, rows) {
  await attempt(state, async () => {
    await sendCollection(state, one.name, "POST", { rows })
    const again = await sendCollection(state, one.name, "PATCH", { note: one.note })
    state.found = [again, ...state.found]
    state.news = [`${one.name} is back.`]
  })
}

/** The column `row` of a CSV whose first two columns hold numbers. */
function rowsOfTable(table) {
  return table.trim().split("\n").slice(1).map((line) => Number.parseInt(line.split(",")[1], 10))
}

function sendCollection(state, name, method, body) {
  return ask(collectionPath(state.of.dataset, name), { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) })
}

/** Does it, or says why not; then what was typed stays as it is. */
async function attempt(state, act) {
  try {
    await act()
  } catch (problem) {
    return sayOf(state, [el("span", { class: "gx-tone-bad", role: "alert" }, problem instanceof Refused ? sentence(problem.message) : "The server does not answer: nothing was changed.")])
  }
  showCollections(state)
}
