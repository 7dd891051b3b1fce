// Adding galaxies to a collection: a foldable form with suggestions and the outcome.

import { get, send } from "../kit/api.js"
import { el } from "../kit/dom.js"
import { grouped } from "../kit/format.js"
import { problemWords } from "../kit/problems.js"

/** @typedef {{ dataset: string, rows: number[] }} Selection the galaxies to add */

/** The form and `forget`, which removes a message about other galaxies.
 * @param {() => Selection} selection
 */
export function collectControl(selection) {
  const names = el("datalist", { id: `collections-${Math.random().toString(36).slice(2)}` })
  const name = el("input", { class: "text", list: names.id, maxlength: 80, placeholder: "Name of the collection", "aria-label": "Name of the collection" })
  const button = el("button", { type: "submit" }, "Add")
  const says = el("p", { class: "gx-soft", role: "status" })
  const form = el("form", {}, name, names, button)
  const node = el("details", { class: "collect" },
    el("summary", { title: "Add these galaxies to a collection, listed on the Data page" }, "Add to collection…"),
    el("div", { class: "collect-form" }, form, says))
  node.ontoggle = async () => {
    if (!node.open) return
    try {
      const found = await get("/datasets/{name}/collections", { name: selection().dataset })
      names.replaceChildren(...found.map((one) => el("option", { value: one.name }, `${grouped(one.n)} galaxies`)))
    } catch (problem) {
      says.replaceChildren(collectProblem(problem))
    }
  }
  name.oninput = () => says.replaceChildren()
  form.onsubmit = async (event) => {
    event.preventDefault()
    const collection = name.value.trim()
    if (!collection) return says.replaceChildren("Enter a name. Galaxies are added if the collection exists.")
    button.disabled = true
    says.replaceChildren(...await collectGalaxies(selection(), collection).catch((problem) => [collectProblem(problem)]))
    button.disabled = false
  }
  return Object.assign(node, { forget: () => says.replaceChildren() })
}

/** Adds the galaxies and says how many.
 * @param {Selection} selection
 * @param {string} name
 */
async function collectGalaxies({ dataset, rows }, name) {
  const { collection, added } = await send("post", "/datasets/{name}/collections/{collection}", { name: dataset, collection: name }, { rows })
  const already = rows.length - added
  return [`${grouped(added)} added${already ? `, ${grouped(already)} already included` : ""}; ${grouped(collection.n)} in `,
    el("a", { href: `/data?${new URLSearchParams({ dataset, collection: collection.name })}` }, collection.name), "."]
}

/** @param {unknown} problem */
export const collectProblem = (problem) =>
  el("span", { class: "gx-tone-bad", role: "alert" }, problemWords(problem, "The server is not responding; nothing was added."))
