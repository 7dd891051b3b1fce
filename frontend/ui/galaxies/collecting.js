// Adding galaxies to a collection: a foldable form with suggestions and the outcome.

import { ask, Refused } from "../kit/api.js"
import { el } from "../kit/dom.js"
import { grouped, sentence } from "../kit/format.js"

/** `selection()` returns {dataset, rows}, the galaxies to add. */
export function collectControl(selection) {
  const names = el("datalist", { id: `collections-${Math.random().toString(36).slice(2)}` })
  const name = el("input", { class: "text", list: names.id, maxlength: 80, placeholder: "Name of the collection", "aria-label": "Name of the collection" })
  const button = el("button", { type: "submit" }, "Add")
  const says = el("p", { class: "gx-soft", role: "status" })
  const form = el("form", {}, name, names, button)
  const node = el("details", { class: "collect" }, el("summary", { title: "Add these galaxies to a collection, listed on the Data page" }, "Add to collection…"), el("div", { class: "collect-form" }, form, says))
  node.forget = () => says.replaceChildren() // the message was about other galaxies
  node.ontoggle = () => { if (node.open) suggestCollections(selection().dataset, names, says) }
  name.oninput = () => says.replaceChildren()
  form.onsubmit = (event) => {
    event.preventDefault()
    if (name.value.trim()) collectGalaxies(selection(), name.value.trim(), { button, says })
    else says.replaceChildren("Enter a name. Galaxies are added if the collection exists.")
  }
  return node
}

async function suggestCollections(dataset, names, says) {
  try {
    const found = await ask(`${collectionsPath(dataset)}`)
    names.replaceChildren(...found.map(({ name, n }) => el("option", { value: name }, `${grouped(n)} galaxies`)))
  } catch (problem) {
    says.replaceChildren(collectProblem(problem))
  }
}

async function collectGalaxies({ dataset, rows }, name, { button, says }) {
  button.disabled = true
  try {
    const { collection, added } = await ask(collectionPath(dataset, name), { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ rows }) })
    const already = rows.length - added
    says.replaceChildren(`${grouped(added)} added${already ? `, ${grouped(already)} already included` : ""}; ${grouped(collection.n)} in `,
      el("a", { href: `/data?${new URLSearchParams({ dataset, collection: collection.name })}` }, collection.name), ".")
  } catch (problem) {
    says.replaceChildren(collectProblem(problem))
  }
  button.disabled = false
}

export const collectionsPath = (dataset) => `/datasets/${encodeURIComponent(dataset)}/collections`
export const collectionPath = (dataset, name) => `${collectionsPath(dataset)}/${encodeURIComponent(name)}`
export const collectProblem = (problem) => el("span", { class: "gx-tone-bad", role: "alert" }, problem instanceof Refused ? sentence(problem.message) : "The server is not responding; nothing was added.")
