// Where one is: how many are rated, what was learned, those before and those to come.

const BEFORE = 4
const AFTER = 30

function buildQueue(state) {
  state.queue = el("div", { class: "queue", role: "group", "aria-label": "Those before, and those to come" })
  state.queue.onclick = (event) => {
    const row = event.target.closest("button")?.dataset.row
    const place = state.list.findIndex(({ galaxy }) => String(galaxy.row) === row)
    if (place >= 0) walk(state, place - state.at)
  }
  return state.queue
}

function showQueue(state) {
  const of = datasetNow(state)
  const first = Math.max(state.at - BEFORE, 0), held = state.queue.contains(state.queue.getRootNode().activeElement)
  renew(state.queue, state.list.slice(first, state.at + AFTER).map((one, i) => queueItem(state, of, one, first + i)))
  if (held) state.queue.querySelector("[aria-current]")?.focus()
}

function queueItem(state, of, one, place) {
  const { row } = one.galaxy
  const rated = one.rating === null ? null : el("b", {}, String(one.rating))
  const flagged = state.doubts.flags.has(row) ? flagShape(true) : null
  const words = [nameOfGalaxy(one.galaxy), one.rating === null ? null : `rated ${one.rating}`, flagged ? "flagged" : null].filter(Boolean).join(", ")
  return el("button", { "data-row": row, "aria-label": words, title: words, "aria-current": place === state.at ? "true" : null, class: place < state.at ? "past" : "" },
    queuePicture(of, row), el("span", { class: "marks" }, rated, flagged))
}

function queuePicture(of, row) {
  const picture = galaxyPicture(of, row, 128, "")
  picture.fetchPriority = "low"
  return picture
}

/** Counts, what was learned, what went wrong, and what is not saved yet. */
function showSays(state) {
  const { page, problem, news, doubts } = state
  renew(state.alerts, problem ? el("p", { class: "gx-tone-bad", role: "alert" }, problem) : null, unsentWords(state))
  renew(state.newsBox, news ? el("p", { class: "gx-soft", role: "status" }, news) : doubts.line())
  renew(state.says, page ? countWords(state) : problem ? null : el("p", { class: "gx-soft", role: "status" }, "Looking at the neighbours of every galaxy…"))
}

function countWords(state) {
  const { page, doubts, list } = state
  return [
    el("p", { class: "counted" }, el("b", {}, `${grouped(state.rated)} rated, ${grouped(state.flagged + doubts.change)} flagged`),
      el("span", { class: "gx-soft" }, orderWords(state)), ...fileLinks(state)),
    page.learned ? el("p", { class: "gx-soft learned" }, sentence(`Learned from ${page.learned.words}`)) : null,
    isBare(datasetNow(state)) ? el("p", { class: "gx-soft" }, `${state.want.dataset} has no labels: none can be doubted or flagged.`) : null,
    list.length ? null : el("p", {}, "No galaxy is left in this order: none passes the filters, or all that do are rated.")]
}

function orderWords({ page, want }) {
  const how = { isolation: "the most isolated first", mislabel: "the most doubtful label first", interest: want.learn === "flags" ? "the most like flagged ones first" : "the most interesting first" }[page.by]
  return `${grouped(page.total)} galaxies of ${page.dataset}, ${how}`
}

function unsentWords(state) {
  const n = state.outbox.size
  if (!state.lost || !n) return null
  return el("p", { class: "gx-tone-bad", role: "alert", "data-n": n }, `${n} ${n === 1 ? "rating is" : "ratings are"} not saved yet: the server does not answer. `
    + `${n === 1 ? "It is" : "They are"} kept in this browser and sent again.`)
}

function fileLinks(state) {
  const { dataset } = state.want
  const file = (address, word, title) => el("a", { href: API + address, download: "", title }, word)
  const ratings = (ending) => `${datasetPath(dataset)}/ratings.${ending}`
  const order = `/odd.csv?query=${encodeURIComponent(JSON.stringify({ ...orderOf(state), limit: 500 }))}`
  return [...(state.rated ? [file(ratings("csv"), "ratings as CSV", "With RA, Dec, class, rating and links"), file(ratings("parquet"), "Parquet", "The same as Parquet")] : []),
    ...(state.flagged + state.doubts.change > 0 ? [file(`${datasetPath(dataset)}/flags.csv`, "flags as CSV", "Labels that are flagged as doubtful")] : []),
    file(order, "this order as CSV", "The first 500, with score, class, what the neighbours say, and links")]
}
