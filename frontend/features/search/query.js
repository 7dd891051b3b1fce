// The query: its image, metadata and examples, and ways to choose another one.

import { factList, galaxyFacts, galaxyPicture, simulatedTag } from "../../ui/galaxies/galaxy_dialog.js"
import { skyLinks } from "../../ui/galaxies/sky_links.js"
import { el, renew } from "../../ui/kit/dom.js"
import { example, retrace } from "./galaxy_search.js"
import { locateGalaxy, pictureSent, randomGalaxy, sendPicture } from "./net.js"
import { datasetNow } from "./space.js"

/** @import { FoundGalaxy } from "../../api/contract.d.ts" */
/** @import { DatasetOption, SearchState } from "./state.d.ts" */

/** @param {SearchState} state */
export function buildQuery(state) {
  state.picture = el("div", { class: "picture" })
  state.facts = el("div", { class: "facts" })
  state.examples = el("div", { class: "examples" })
  state.box = el("input", { type: "text", class: "text", placeholder: "Row, id, RA Dec, or viewer link", "aria-label": "Find a galaxy",
    title: "A row number, an id, RA and Dec in degrees or as 12:30:49 +12:23:28, or a Legacy Survey viewer link ( / )" })
  state.box.onkeydown = (event) => { if (event.key === "Enter") locateGalaxy(state, state.box.value) }
  state.file = el("input", { type: "file", accept: "image/*,.fits,.npy", hidden: true, tabindex: -1, "aria-label": "Image file" })
  state.file.onchange = () => { sendPicture(state, state.file.files?.[0] ?? null); state.file.value = "" }
  return el("aside", { class: "query", "aria-label": "Query" }, state.picture, state.facts,
    el("div", { class: "ways" }, state.box,
      el("button", { title: "A random galaxy, of the selected class if there is one (r)", onClick: () => randomGalaxy(state) }, "Random"),
      el("button", { title: "Upload an image at the pixel scale of the dataset; you can also paste or drop it", onClick: () => state.file.click() }, "Image…"),
      state.file),
    state.examples)
}

/** @param {SearchState} state */
export function showQuery(state) {
  const { row, upload } = state.view
  const of = datasetNow(state)
  const key = JSON.stringify([of?.version, row, upload, state.own.get(upload ?? "") ?? ""])
  if (key !== state.pictured) {
    state.pictured = key
    state.picture.replaceChildren(queryPicture(state, of, row, upload))
  }
  const found = state.result?.query
  renew(state.facts, of && found && found.galaxy.row === row ? factsOf(of, found) : el("p", { class: "gx-soft" }, upload === null ? row === null ? "examples only" : `row ${row}` : "Your own image"))
  renew(state.examples, exampleRow(state, of, "plus"), exampleRow(state, of, "minus"))
}

/** @param {SearchState} state @param {DatasetOption | null} of @param {number | null} row @param {string | null} upload */
function queryPicture(state, of, row, upload) {
  if (upload !== null) {
    if (!state.own.has(upload)) pictureSent(state, upload)
    const source = state.own.get(upload)
    return source ? el("img", { src: source, alt: "Your own image" }) : el("div", { class: "gx-bone" })
  }
  if (row === null || !of) return el("div", { class: "gx-bone" })
  const picture = galaxyPicture(of, row, 512, `Query: galaxy ${row}`)
  picture.classList.toggle("crisp", 300 > 2 * of.img_size)
  return picture
}

/** @param {DatasetOption} of @param {FoundGalaxy} found */
function factsOf(of, { galaxy, links }) {
  const onward = new URLSearchParams({ dataset: of.dataset, row: String(galaxy.row) })
  return [
    factList(galaxyFacts(galaxy).filter(([name]) => name !== "Pixel scale")),
    el("p", { class: "links" }, simulatedTag(of), skyLinks(links),
      of.run ? el("a", { href: `/reconstruct?run=${encodeURIComponent(of.run)}&${onward}` }, "Reconstruct") : null)]
}

/** Positive or negative examples; a click removes one.
 * @param {SearchState} state
 * @param {DatasetOption | null} of
 * @param {"plus" | "minus"} kind
 */
function exampleRow(state, of, kind) {
  const rows = state.view[kind]
  if (!rows.length || !of) return null
  const words = kind === "plus" ? "Like" : "Unlike"
  return el("div", { class: `row ${kind}`, role: "group", "aria-label": `${words} these` }, el("span", { class: "gx-soft" }, words),
    rows.map((row) => {
      const button = el("button", { title: `Remove galaxy ${row}`, "aria-label": `Remove galaxy ${row}`, "data-example": `${kind} ${row}` }, galaxyPicture(of, row, 96))
      button.onclick = () => example(state, row, kind)
      return button
    }))
}

/** @param {SearchState} state */
export function buildTrail(state) {
  return (state.trail = el("nav", { class: "trail", "aria-label": "Trail" }))
}

/** a › b › c: the path to the query; each step is a link back. @param {SearchState} state */
export function showTrail(state) {
  const { trail, row, upload } = state.view
  const of = datasetNow(state)
  if (!of) return
  const steps = trail.map((one, place) => {
    const button = el("button", { title: `Back to galaxy ${one}`, "aria-label": `Back to galaxy ${one}`, "data-place": place, "data-of": one }, galaxyPicture(of, one, 64), el("span", {}, String(one)))
    button.onclick = () => retrace(state, place)
    return button
  })
  const here = upload !== null ? "Your own image" : row !== null ? `Galaxy ${row}` : "Examples"
  renew(state.trail, steps.flatMap((step) => [step, el("span", { class: "gx-soft" }, "›")]), el("b", {}, here))
}
