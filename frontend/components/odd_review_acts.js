// What a person does to the galaxy that is shown, and how it is taken back.

/** Whether the galaxies that are held are those of the dataset that was chosen: between two, keys mean none. */
const isShown = (state) => Boolean(state.data.state?.ready) && datasetNow(state)?.version === state.of
const here = (state) => (isShown(state) ? state.list[state.at] : undefined)
const MOST_ACTS = 500

function rate(state, rating) {
  const one = here(state)
  if (!one || state.waiting) return
  remember(state, { kind: "rating", one, before: one.rating })
  setRating(state, one, rating)
  state.waiting = state.at === state.list.length - 1 && hasMore(state) && !state.lost // goes on when more is here
  if (state.at < state.list.length - 1) walk(state, 1)
  else showReview(state)
}

function setRating(state, one, rating) {
  state.rated += Number(rating !== null) - Number(one.rating !== null)
  one.rating = rating
  state.touched.add(one.galaxy.row)
  Object.assign(state, { news: "", problem: null })
  sendRating(state, one.galaxy.row, rating)
}

function remember(state, act) {
  state.acts.push(act)
  if (state.acts.length > MOST_ACTS) state.acts.shift()
}

function walk(state, step) {
  const to = state.at + step
  state.waiting = false
  if (!state.list[to]) return
  state.at = to
  showReview(state)
  tellRow(state)
}

function tellRow(state) {
  state.want.row = here(state)?.galaxy.row ?? null
  tellSoon(state)
}

/** The last rating or flag is as it was before, and its galaxy is shown. */
async function undo(state) {
  const act = isShown(state) ? state.acts.pop() : null
  if (!act) return
  if (act.kind === "rating") setRating(state, act.one, act.before)
  else if (!(await turnFlagBack(state, act))) return showReview(state) // refused: its line says why
  const place = state.list.indexOf(act.one)
  if (place >= 0) state.at = place
  else state.list.splice(state.at, 0, act.one)
  state.news = `Taken back: ${act.kind === "flag" ? "the flag of" : act.before === null ? "the rating of" : `galaxy rated ${act.before} again:`} ${nameOfGalaxy(act.one.galaxy).toLowerCase().split(",")[0]}.`
  showReview(state)
  tellRow(state)
}

/** Whether the flag is as it was before the act; it may have been taken back by its own button. */
async function turnFlagBack(state, { one: { galaxy }, on }) {
  const isAsActed = () => state.doubts.flags.has(galaxy.row) === on
  if (isAsActed()) await turnFlag(state.doubts, datasetNow(state), galaxy)
  return !isAsActed()
}

async function flagHere(state) {
  const one = here(state)
  if (!one) return
  if (one.galaxy.label === null) {
    state.news = "This galaxy has no label to doubt."
    return showSays(state)
  }
  state.news = ""
  const before = state.doubts.flags.has(one.galaxy.row)
  await turnFlag(state.doubts, datasetNow(state), one.galaxy)
  if (state.doubts.flags.has(one.galaxy.row) === before) return
  state.touched.add(one.galaxy.row)
  remember(state, { kind: "flag", one, on: !before })
  showReview(state)
}

/** Learns from what was rated, and puts the rest in that order; what was seen stays. */
async function learn(state) {
  if (!state.data.state?.ready) return
  await sendUnsent(state)
  if (state.lost) return showSays(state)
  const again = state.want.by === "interest"
  Object.assign(state.want, { by: "interest", row: null })
  state.problem = null
  showBar(state)
  await loadRanking(state, again)
  tellRow(state)
}
