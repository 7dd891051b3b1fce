// What is asked of the server: results, which come back at once when they were shown before.

const KEPT_SEARCHES = 32

/** The request of what is wanted; null where nothing is embedded yet, or nothing is asked. */
function requestOf(state) {
  const { want } = state
  if (!state.data.state?.ready || !hasQuery(want)) return null
  return { space: spaceOf(state), row: want.row, upload: want.upload, positives: want.plus, negatives: want.minus,
    k: want.k, least: want.least, keep_trivial: want.trivial, near_arcsec: want.near, exact: want.exact, only: onlyOf(want) }
}

const queryOf = (request) => `query=${encodeURIComponent(JSON.stringify(request))}`

/** The same, asked of the second encoder too where that can answer. */
function comparedRequest(state) {
  const request = requestOf(state)
  return request && isOtherReady(state) ? { ...request, against: spaceOfEmbedding(state.other.embedding) } : request
}

/** What one encoder found, or two, and how far they agree. */
async function askEncoders(request) {
  if (request.against) return ask(`/search/compared?${queryOf(request)}`)
  return { first: await ask(`/search?${queryOf(request)}`), second: null, agreement: null }
}

async function fetchResults(state) {
  const request = comparedRequest(state)
  const key = JSON.stringify(request)
  if (!request || state.shown === key) return
  const wanted = () => key === JSON.stringify(comparedRequest(state)) && !state.left
  try {
    const answer = state.kept.get(key) ?? await askEncoders(request)
    keepResult(state, key, answer)
    if (!wanted()) return
    Object.assign(state, { result: answer.first, second: answer.second, agreement: answer.agreement, shown: key, problem: null })
  } catch (problem) {
    if (wanted()) refuse(state, problem)
    return
  }
  showQuery(state)
  showTrail(state)
  drawTiles(state)
}

function keepResult(state, key, result) {
  state.kept.set(key, result)
  if (state.kept.size > KEPT_SEARCHES) state.kept.delete(state.kept.keys().next().value)
}

/** Why there is nothing, in one sentence; what was shown stays. */
function refuse(state, problem) {
  if (!(problem instanceof Refused) && !(problem instanceof TypeError)) throw problem
  state.problem = problem instanceof Refused ? sentence(problem.message) : LOST_SERVER
  showSays(state)
}

async function randomGalaxy(state) {
  const { row, label } = state.want, current = ticketOf(state)
  const seed = row === null ? 1 : Math.floor(Math.random() * 2 ** 31)
  const of = label === null ? "" : `&label=${encodeURIComponent(label)}`
  try {
    const galaxy = await ask(`${datasetPath(state.want.dataset)}/random?seed=${seed}${of}`)
    if (current()) pivot(state, galaxy.row)
  } catch (problem) {
    if (current()) refuse(state, problem)
  }
}

/** The galaxy that the words in the box mean: a row, an id, a position, a link. */
async function locateGalaxy(state, text) {
  if (!text.trim()) return
  const current = ticketOf(state)
  try {
    const found = await ask(`${datasetPath(state.want.dataset)}/locate?text=${encodeURIComponent(text)}`)
    if (!current()) return
    pivot(state, found.galaxy.row)
    Object.assign(state, { news: found.words && sentence(found.words), far: found.far })
    showSays(state)
    if (state.box.value === text) state.box.value = ""
  } catch (problem) {
    if (current()) refuse(state, problem)
  }
}

async function sendPicture(state, file) {
  if (!file) return
  const current = ticketOf(state)
  try {
    const { id, notes } = await uploadPicture(file)
    if (!current()) return
    state.own.set(id, URL.createObjectURL(file))
    Object.assign(state, { news: notes.join(" "), far: false, problem: null })
    change(state, { upload: id, row: null, plus: [], minus: [], trail: [] })
  } catch (problem) {
    if (current()) refuse(state, problem)
  }
}

/** A picture sent in another visit: as the encoder's run sees it, where that can say so. */
async function pictureSent(state, id) {
  const viewed = { run: state.want.run, checkpoint: String(state.data.state?.step ?? "last"), upload: id }
  try {
    const seen = await ask("/reconstructions", { method: "POST", headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ viewed, masking: { ratio: 0 } }) })
    state.own.set(id, `data:image/png;base64,${seen.original}`)
  } catch {
    state.own.set(id, null) // an encoder without a decoder; the search itself says what is wrong
  }
  showQuery(state)
}
