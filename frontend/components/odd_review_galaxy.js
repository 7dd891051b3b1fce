// The galaxy that is shown: its picture, what its neighbours say, those neighbours, and what a person says of it.

const RATE_WORDS = ["of no interest", "", "", "", "", "of the greatest interest"]
const AHEAD_PICTURES = 3
const NEAR_MS = 120 // a hand that runs on waits for no neighbours

function buildGalaxy(state) {
  state.picture = el("div", { class: "picture" })
  state.about = el("div", { class: "about" })
  state.near = el("div", { class: "near", role: "group", "aria-label": "Its neighbours, the nearest first" })
  state.rates = [0, 1, 2, 3, 4, 5].map((value) => el("button", { class: "rate", "aria-keyshortcuts": String(value), onClick: () => rate(state, value),
    "aria-label": `Rate ${value}${RATE_WORDS[value] ? `, ${RATE_WORDS[value]}` : ""}`, title: `Key ${value}` }, String(value)))
  const tool = (words, keys, title, act) => el("button", { "aria-keyshortcuts": keys, title, "aria-label": title, onClick: act }, words)
  state.flagBox = tool("", "f", "Flag the label as doubtful (f)", () => flagHere(state))
  state.undoBox = tool("Undo", "u", "Take back the last rating or flag (u)", () => undo(state))
  state.backBox = tool("←", "ArrowLeft", "The one before (←)", () => walk(state, -1))
  state.nextBox = tool("→", "ArrowRight", "The next one, this one unrated (→)", () => walk(state, 1))
  const acts = el("div", { class: "acts" }, el("div", { class: "group rates", role: "group", "aria-label": "How interesting, 0 to 5" },
    state.rates), el("div", { class: "group" }, state.backBox, state.nextBox, state.undoBox, state.flagBox))
  state.newsBox = el("div", { class: "news" })
  return (state.body = el("div", { class: "both" }, state.picture, el("div", { class: "side" }, acts, state.newsBox, state.about, state.near)))
}

function showReview(state) {
  const one = here(state)
  state.body.hidden = !one
  state.root.dataset.row = one?.galaxy.row ?? ""
  showSays(state)
  showQueue(state)
  if (!one) return
  const of = datasetNow(state)
  showPicture(state, of, one.galaxy)
  renew(state.about, aboutGalaxy(state, one))
  showNeighbours(state, of, one)
  showActs(state, one)
  for (const next of state.list.slice(state.at + 1, state.at + 1 + AHEAD_PICTURES)) new Image().src = galaxyPicture(of, next.galaxy.row, 512).src
  loadMore(state)
}

function showPicture(state, of, galaxy) {
  const picture = galaxyPicture(of, galaxy.row, 512, nameOfGalaxy(galaxy))
  picture.loading = "eager"
  picture.fetchPriority = "high"
  picture.classList.toggle("crisp", 420 > 2 * of.img_size)
  if (state.picture.firstChild?.src !== picture.src) state.picture.replaceChildren(picture)
}

function showNeighbours(state, of, one) {
  if (state.nearTo === one) return
  state.nearTo = one
  clearTimeout(state.nearTimer)
  state.near.classList.add("coming")
  state.nearTimer = setTimeout(() => {
    renew(state.near, one.neighbours.map((other) => neighbourLink(state, of, one.galaxy, other)))
    state.near.classList.remove("coming")
  }, NEAR_MS)
}

function showActs(state, one) {
  state.rates.forEach((button, value) => button.setAttribute("aria-pressed", String(one.rating === value)))
  const flagged = state.doubts.flags.has(one.galaxy.row)
  state.flagBox.setAttribute("aria-pressed", String(flagged))
  renew(state.flagBox, flagShape(flagged), el("span", {}, flagged ? " Flagged" : " Flag label"))
  state.flagBox.disabled = one.galaxy.label === null
  state.undoBox.disabled = !state.acts.length
  state.backBox.disabled = !state.at
  state.nextBox.disabled = state.at >= state.list.length - 1
}

function aboutGalaxy(state, one) {
  const { galaxy, links } = one
  const facts = [`row ${galaxy.row}`, galaxy.source_id, galaxy.split, isNumber(galaxy.redshift) ? `z ${galaxy.redshift.toFixed(4)}` : null].filter(Boolean).join(" · ")
  const of = datasetNow(state)
  return [
    el("p", { class: "name" }, el("b", {}, galaxy.label ?? "no label"), el("span", { class: "gx-soft" }, facts)),
    el("p", { class: "verdict" }, saidByNeighbours(one)),
    el("p", { class: "gx-soft" }, scoreWords(one)),
    el("p", { class: "links" }, of.simulated ? el("span", { class: "gx-tag" }, "simulated") : null, skyLinks(links),
      el("a", { href: likePath(state, galaxy.row) }, "Galaxies like it"),
      el("a", { href: `/reconstruct?${new URLSearchParams({ run: state.want.run, dataset: of.dataset, row: galaxy.row })}` }, "Reconstruct"))]
}

function saidByNeighbours({ galaxy, says }) {
  if (!says) return ""
  if (galaxy.label === null) return `Neighbours say ${says.label}: ${says.agree} of ${says.of}.`
  if (says.label === galaxy.label) return `Neighbours say ${says.label} too, ${says.agree} of ${says.of}.`
  return `Neighbours say ${says.label}, ${says.agree} of ${says.of}; its label: ${galaxy.label}, ${says.own} of ${says.of}.`
}

function scoreWords({ score, scored: { by, k, learn } }) {
  if (score === null) return by === "mislabel" ? "Without a label there is none to doubt." : ""
  if (by === "isolation") return `Mean distance to its ${k} neighbours ${score.toFixed(3)} (1 − cosine).`
  if (by === "mislabel") return `${percent(score)} of the weight of its ${k} neighbours is for another label.`
  return learn === "flags" ? `Expected of a flag ${score.toFixed(2)}, where 1 is flagged.` : `Expected rating ${Math.min(Math.max(score, 0), 5).toFixed(1)} of 5.`
}

const likePath = (state, row) => `/search?${new URLSearchParams(Object.entries({ ...spaceOf(state), row }).filter(([, value]) => exists(value)))}`

function neighbourLink(state, of, galaxy, other) {
  const differs = galaxy.label !== null && other.label !== null && other.label !== galaxy.label
  const words = `Galaxy ${other.row}${other.label ? `, ${other.label}` : ""}, similarity ${other.similarity.toFixed(3)}`
  return el("a", { class: differs ? "differs" : "", href: likePath(state, other.row), title: `${words}. Galaxies like it`, "data-row": other.row },
    galaxyPicture(of, other.row, 128, words), el("span", {}, `${differs ? "≠ " : ""}${other.label ?? ""}`), el("span", { class: "gx-soft" }, other.similarity.toFixed(2)))
}
