// The query: its picture, what is known of it, its examples, and the ways to another one.

function buildQuery(state) {
  state.picture = el("div", { class: "picture" })
  state.facts = el("div", { class: "facts" })
  state.examples = el("div", { class: "examples" })
  state.box = el("input", { type: "text", class: "text", placeholder: "row, id, RA Dec, or viewer link", "aria-label": "Find a galaxy",
    title: "A row number, an id, RA and Dec in degrees or as 12:30:49 +12:23:28, or a Legacy Survey viewer link ( / )" })
  state.box.onkeydown = (event) => { if (event.key === "Enter") locateGalaxy(state, state.box.value) }
  state.file = el("input", { type: "file", accept: "image/*,.fits,.npy", hidden: true, tabindex: -1, "aria-label": "Image file" })
  state.file.onchange = () => { sendPicture(state, state.file.files[0]); state.file.value = "" }
  return el("aside", { class: "query", "aria-label": "Query" }, state.picture, state.facts,
    el("div", { class: "ways" }, state.box,
      el("button", { title: "A random galaxy, of the class where one is chosen (r)", onClick: () => randomGalaxy(state) }, "Random"),
      el("button", { title: "An image of your own, at the scale of the dataset's; it can also be pasted or dropped", onClick: () => state.file.click() }, "Image…"),
      state.file),
    state.examples)
}

function showQuery(state) {
  const { row, upload } = state.want
  const of = datasetNow(state)
  const key = JSON.stringify([of?.version, row, upload, state.own.get(upload) ?? ""])
  if (key !== state.pictured) {
    state.pictured = key
    state.picture.replaceChildren(queryPicture(state, of, row, upload))
  }
  const found = state.result?.query
  renew(state.facts, found && found.galaxy.row === row ? factsOf(of, found) : el("p", { class: "gx-soft" }, upload === null ? row === null ? "examples alone" : `row ${row}` : "your own image"))
  renew(state.examples, exampleRow(state, of, "plus"), exampleRow(state, of, "minus"))
}

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

function factsOf(of, { galaxy, links }) {
  const known = [["row", String(galaxy.row)], ["class", galaxy.label ?? "none"], ["split", galaxy.split], ["source", galaxy.source_id],
    ["RA", inDegrees(galaxy.ra)], ["Dec", inDegrees(galaxy.dec)], ["redshift", isNumber(galaxy.redshift) ? galaxy.redshift.toFixed(4) : null]]
  const onward = new URLSearchParams({ dataset: of.dataset, row: galaxy.row })
  return [
    el("dl", {}, known.filter(([, value]) => value).flatMap(([key, value]) => [el("dt", {}, key), el("dd", {}, value)])),
    el("p", { class: "links" }, of.simulated ? el("span", { class: "gx-tag" }, "simulated") : null, skyLinks(links),
      of.run ? el("a", { href: `/reconstruct?run=${encodeURIComponent(of.run)}&${onward}` }, "Reconstruct") : null)]
}

/** Examples for or against, each with a way to take it off. */
function exampleRow(state, of, kind) {
  const rows = state.want[kind]
  if (!rows.length || !of) return null
  const words = kind === "plus" ? "like" : "unlike"
  return el("div", { class: `row ${kind}`, role: "group", "aria-label": `${words} these` }, el("span", { class: "gx-soft" }, words),
    rows.map((row) => {
      const button = el("button", { title: `Take galaxy ${row} off`, "aria-label": `Take galaxy ${row} off`, "data-example": `${kind} ${row}` }, galaxyPicture(of, row, 96))
      button.onclick = () => example(state, row, kind)
      return button
    }))
}

function buildTrail(state) {
  return (state.trail = el("nav", { class: "trail", "aria-label": "Trail" }))
}

/** a › b › c: the way here, each a way back. */
function showTrail(state) {
  const { trail, row, upload } = state.want
  const of = datasetNow(state)
  if (!of) return
  const steps = trail.map((one, place) => {
    const button = el("button", { title: `Back to galaxy ${one}`, "aria-label": `Back to galaxy ${one}`, "data-place": place, "data-of": one }, galaxyPicture(of, one, 64), el("span", {}, String(one)))
    button.onclick = () => retrace(state, place)
    return button
  })
  const here = upload !== null ? "your own image" : row !== null ? `galaxy ${row}` : "examples"
  renew(state.trail, steps.flatMap((step) => [step, el("span", { class: "gx-soft" }, "›")]), el("b", {}, here))
}
