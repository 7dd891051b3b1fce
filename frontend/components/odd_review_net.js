// The order of the galaxies, as the server has it: asked for in parts, those of a new order behind what was seen.

const PART = 50
const AHEAD = 30

/** What the order depends on; null where nothing is embedded yet. */
function orderOf(state) {
  const { want } = state
  if (!state.data.state?.ready) return null
  return { space: spaceOf(state), by: want.by, k: want.k, ...(want.by === "interest" ? { learn_from: want.learn } : {}), only: onlyOf(want), with_rated: want.rated }
}

const oddPath = (request) => `/odd?query=${encodeURIComponent(JSON.stringify(request))}`

async function loadRanking(state, again = false) {
  const order = orderOf(state), key = JSON.stringify(order), row = state.want.row
  if (!order) return
  if (state.shown === key && !again) return showRow(state, row)
  const wanted = () => key === JSON.stringify(orderOf(state)) && !state.left
  try {
    const page = await ask(oddPath({ ...order, row, limit: PART }))
    if (!wanted()) return
    takeRanking(state, page, key)
  } catch (problem) {
    if (!wanted()) return
    refuse(state, problem)
    if (problem.code === "nothing_to_learn") await keepOrder(state)
  }
}

/** Nothing was rated yet that could teach: galaxies to rate are shown in the order before, or by isolation. */
async function keepOrder(state) {
  const { problem, page } = state
  state.want.by = page && page.by !== "interest" ? page.by : "isolation"
  showBar(state)
  await loadRanking(state)
  state.problem = problem
  showReview(state)
  tellRow(state)
}

/** Galaxies that were seen stay before those of the new order, as far as they are of the same dataset. */
function takeRanking(state, page, key) {
  const of = datasetNow(state).version
  if (of !== state.of) Object.assign(state, { list: [], at: 0, acts: [], touched: new Set(), of })
  if (of !== state.doubtsOf) setDoubts(state.doubts, [])
  const seen = state.list.slice(0, state.at + (state.touched.has(here(state)?.galaxy.row) ? 1 : 0))
  Object.assign(state, { page, shown: key, problem: null, doubtsOf: of, rated: page.rated, flagged: page.flagged, received: new Map(), skipped: 0, waiting: false, list: seen, at: seen.length })
  state.doubts.change = 0
  addGalaxies(state, page)
  if (page.asked) showAsked(state, page)
  showReview(state)
  tellRow(state)
}

function addGalaxies(state, page) {
  const known = new Map(state.list.map((one) => [one.galaxy.row, one]))
  for (const one of page.galaxies) {
    const { row } = one.galaxy
    if (!known.has(row)) state.list.push(remembered(state, one, page))
    state.received.set(row, known.get(row) ?? one)
  }
}

/** What this browser knows better than the answer: ratings that are still on their way. What the score means goes with
    it: the order may be another one later. */
function remembered(state, one, { by, k }) {
  one.scored = { by, k, learn: state.want.learn }
  const unsent = state.outbox.get(outboxKey(state.of, one.galaxy.row))
  if (unsent) one.rating = unsent.rating
  if (one.flag === null) state.doubts.flags.delete(one.galaxy.row)
  else state.doubts.flags.set(one.galaxy.row, one.flag)
  return one
}

/** The galaxy that the address names stands first, wherever it ranks. */
function showAsked(state, page) {
  const one = page.asked
  const place = state.list.findIndex(({ galaxy }) => galaxy.row === one.galaxy.row)
  if (place >= 0) state.at = place
  else state.list.splice(state.at, 0, remembered(state, one, page))
}

/** The address names another galaxy of the same order: the back button. */
function showRow(state, row) {
  const place = state.list.findIndex(({ galaxy }) => galaxy.row === row)
  if (row === null || place === state.at) return showReview(state)
  if (place < 0) return loadRanking(state, true)
  state.at = place
  showReview(state)
}

/** The next part of the order, before the end is reached. */
async function loadMore(state) {
  if (state.loading || !hasMore(state) || state.list.length - state.at > AHEAD) return
  const key = state.shown, current = () => key === state.shown && !state.left
  state.loading = true
  try {
    await sendUnsent(state) // then the server leaves out the same ones
    if (state.lost) state.waiting = false // a key goes on rating; more comes when the server is back
    if (!current() || state.lost) return
    const more = await ask(oddPath({ ...orderOf(state), offset: placesLeft(state) + state.skipped, limit: PART }))
    if (!current()) return
    const before = state.list.length
    addGalaxies(state, more)
    if (state.list.length === before) state.skipped += PART // who was learned from since has moved the others
    state.page = { ...more, asked: null }
  } catch (problem) {
    state.waiting = false
    if (current()) refuse(state, problem)
    return
  } finally {
    state.loading = false
  }
  if (state.waiting) walk(state, 1)
  else showReview(state)
}

const keepsRated = ({ want }) => want.rated && want.by !== "interest"

/** Places of the order that were received and are still in it: who was rated since has left. */
function placesLeft(state) {
  return [...state.received.values()].filter((one) => keepsRated(state) || one.rating === null).length
}

/** Whether the order went on behind what was last received. */
const hasMore = ({ page }) => Boolean(page) && page.offset + page.galaxies.length < page.total

/** Why there is nothing, in one sentence; what was shown stays. */
function refuse(state, problem) {
  if (!(problem instanceof Refused) && !(problem instanceof TypeError)) throw problem
  state.problem = problem instanceof Refused ? sentence(problem.message) : LOST_SERVER
  showReview(state)
}
