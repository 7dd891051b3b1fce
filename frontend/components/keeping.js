// Keeping galaxies under a name: a fold with the name, the collections that there are, and what became of it.

/** `told()` is {dataset, rows}: which galaxies are kept when the button is pressed. */
function keepControl(told) {
  const names = el("datalist", { id: `kept-${Math.random().toString(36).slice(2)}` })
  const name = el("input", { class: "text", list: names.id, maxlength: 80, placeholder: "name of the collection", "aria-label": "Name of the collection" })
  const button = el("button", { type: "submit" }, "Keep")
  const says = el("p", { class: "gx-soft", role: "status" })
  const form = el("form", {}, name, names, button)
  const node = el("details", { class: "keep" }, el("summary", { title: "Keep these galaxies under a name, for the Data page" }, "Keep…"), el("div", { class: "kept" }, form, says))
  node.forget = () => says.replaceChildren() // it was said of other galaxies
  node.ontoggle = () => { if (node.open) listKept(told().dataset, names, says) }
  name.oninput = () => says.replaceChildren()
  form.onsubmit = (event) => {
    event.preventDefault()
    if (name.value.trim()) keepGalaxies(told(), name.value.trim(), { button, says })
    else says.replaceChildren("Give the collection a name; one that there is grows.")
  }
  return node
}

async function listKept(dataset, names, says) {
  try {
    const found = await ask(`${collectionsPath(dataset)}`)
    names.replaceChildren(...found.map(({ name, n }) => el("option", { value: name }, `${grouped(n)} galaxies`)))
  } catch (problem) {
    says.replaceChildren(keepProblem(problem))
  }
}

async function keepGalaxies({ dataset, rows }, name, { button, says }) {
  button.disabled = true
  try {
    const { collection, added } = await ask(collectionPath(dataset, name), { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ rows }) })
    const already = rows.length - added
    says.replaceChildren(`${grouped(added)} added${already ? `, ${grouped(already)} were there` : ""}; ${grouped(collection.n)} in `,
      el("a", { href: `/data?${new URLSearchParams({ dataset, collection: collection.name })}` }, collection.name), ".")
  } catch (problem) {
    says.replaceChildren(keepProblem(problem))
  }
  button.disabled = false
}

const collectionsPath = (dataset) => `/datasets/${encodeURIComponent(dataset)}/collections`
const collectionPath = (dataset, name) => `${collectionsPath(dataset)}/${encodeURIComponent(name)}`
const keepProblem = (problem) => el("span", { class: "gx-tone-bad", role: "alert" }, problem instanceof Refused ? sentence(problem.message) : "The server does not answer: nothing was kept.")
