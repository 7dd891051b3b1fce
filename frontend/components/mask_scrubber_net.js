// What is asked of the server: checkpoints, the exact picture where the hand rests, the ladder of ratios, last the
// curve of a sample.

const REST_MS = 120
const LADDER_REST_MS = 250
const KEPT_RESULTS = 16
const SLOW_MS = 700
const RETRY_MS = 3000
const SAMPLE_SEED = 0 // the same masks of the sample whatever mask is looked at, so that its curve stands still
const LOST = "The server does not answer; this page keeps what it showed."

function makeSide(name) {
  return { name, run: null, checkpoint: "last", steps: null, exact: null, ladder: null, problem: null, kept: new Map() }
}

/** Follows the checkpoints of a side's run; a new one appears by itself while it trains. */
function followRun(state, side, runId, checkpoint) {
  side.checkpoint = checkpoint
  if (side.run === runId) return
  leaveRun(side)
  Object.assign(side, { run: runId, steps: null, problem: null })
  side.endRun = live(runPath(runId), runPace, ({ data: run, error }) => {
    side.ended = run ? TERMINAL.has(run.state) : side.ended
    side.state = run ?? side.state
    if (error) tellProblem(state, side, error)
    showCheckpoints(state, side)
  })
  side.endSteps = live(`${runPath(runId)}/checkpoints`, () => (side.ended ? 0 : 3000), ({ data: news, error, lost }) => {
    if (error || lost) return tellProblem(state, side, error ?? LOST)
    if (side.problem === LOST) wantExact(state, 0)
    if (JSON.stringify(news) === JSON.stringify(side.steps)) return
    side.steps = news
    showCheckpoints(state, side)
    wantExact(state, 0)
    followInside(state) // also of an encoder without a decoder, which has no exact picture
  })
}

function leaveRun(side) {
  side.endRun?.()
  side.endSteps?.()
  side.endRun = side.endSteps = null
  side.run = null
}

function closeSide(side) {
  leaveRun(side)
  dropPictures(side.exact)
  side.ladder?.sprite.close()
  side.exact = side.ladder = null
}

function dropPictures(exact) {
  if (exact) Object.values(exact.pictures).forEach((bitmap) => bitmap.close())
}

/** The step that "last", "best" or a number stands for; null where the run has no checkpoint yet. */
function stepOf({ steps, checkpoint }) {
  if (!steps?.steps.length) return null
  const named = { last: steps.last, best: steps.best ?? steps.last }[checkpoint]
  const step = named ?? Number(checkpoint)
  return steps.steps.includes(step) ? step : steps.last ?? steps.steps.at(-1)
}

function viewedBy(state, side) {
  const { row, upload } = state.want
  const step = stepOf(side)
  if (step === null || (row === null && upload === null)) return null
  const galaxy = upload === null ? { dataset: datasetName(state), row } : { upload }
  return { run: side.run, checkpoint: String(step), ...galaxy }
}

function exactRequest(state, side) {
  const viewed = viewedBy(state, side)
  if (!viewed) return null
  const { ratio, seed, kind, hidden, pixels, average } = state.want
  return { viewed, masking: { ratio, seed, kind, hidden }, pixels, average }
}

/** Requests that differ only in ratios which hide the same patches are one. */
function keyOf(state, request) {
  if (!request) return null
  const { masking } = request
  const length = state.grid?.length ?? 0
  const removed = masking.hidden ? null : length ? removedPatches(length, masking.ratio) : masking.ratio
  const own = masking.hidden ?? [masking.kind, masking.seed, removed]
  return JSON.stringify([request.viewed, own, request.pixels, request.average, request.average > 1 ? masking.seed : 0])
}

function exactFits(state, side) {
  return side.exact !== null && keyOf(state, side.exact.request) === keyOf(state, exactRequest(state, side))
}

function ladderRequest(state, side) {
  const viewed = viewedBy(state, side)
  return viewed && { viewed, kind: state.want.kind, seed: state.want.seed, pixels: state.want.pixels }
}

function ladderFits(state, side) {
  return side.ladder !== null && side.ladder.key === JSON.stringify(ladderRequest(state, side))
}

/** The ranks of the mask in force: of any model, as the same seed on the same grid is the same mask. */
function ranksNow(state) {
  const { kind, seed } = state.want
  return state.ranks.get(`${state.grid?.length} ${kind} ${seed}`) ?? null
}

function sidesOf(state) {
  return [state.sides.a, state.sides.b].filter(Boolean)
}

/** Asks for the exact picture of what is wanted, once it has been wanted for `wait` ms. */
function wantExact(state, wait = REST_MS) {
  stopWaiting(state)
  const wish = () => { for (const side of sidesOf(state)) state.wishExact(side.name) }
  // A hand rests when a frame has passed without it: a browser kept busy sees its next move only then.
  state.restTimer = setTimeout(wait ? () => { state.restFrame = requestAnimationFrame(wish) } : wish, wait)
}

function stopWaiting(state) {
  clearTimeout(state.restTimer)
  clearTimeout(state.ladderTimer)
  cancelAnimationFrame(state.restFrame)
}

async function fetchExact(state, name) {
  const side = state.sides[name]
  const request = side && exactRequest(state, side)
  if (!request) return
  if (!exactFits(state, side)) {
    const slow = setTimeout(() => setSlow(state, side, true), SLOW_MS)
    try {
      await takeExact(state, side, request, await resultOf(state, side, request))
    } catch (problem) {
      if (keyOf(state, request) === keyOf(state, exactRequest(state, side))) refuse(state, side, problem)
      if (problem instanceof Refused) refresh(`${runPath(side.run)}/checkpoints`) // it may have been deleted
      return
    } finally {
      clearTimeout(slow)
      setSlow(state, side, false)
    }
  }
  if (!exactFits(state, side)) return
  if (side.problem === LOST) tellProblem(state, side, null) // it answers again
  if (state.root.dataset.exact !== "true") refreshScene(state) // it was here all along
  wantLadder(state)
}

function setSlow(state, side, slow) {
  if (Boolean(side.slow) === slow) return
  side.slow = slow
  showNews(state)
}

/** A result of before, or the server's. */
async function resultOf(state, side, request) {
  const key = keyOf(state, request)
  const kept = side.kept.get(key)
  if (kept) return kept
  const result = await ask("/reconstructions", {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(request),
  })
  side.kept.set(key, result)
  if (side.kept.size > KEPT_RESULTS) side.kept.delete(side.kept.keys().next().value)
  return result
}

async function takeExact(state, side, request, result) {
  const bitmaps = await Promise.all(PANELS.map((name) => bitmapOf(result[name])))
  const pictures = Object.fromEntries(PANELS.map((name, i) => [name, bitmaps[i]]))
  if (state.left || !sidesOf(state).includes(side)) return dropPictures({ pictures })
  const before = side.exact
  side.exact = { request, result, pictures }
  side.problem = null
  if (side.name === "a") sizePanels(state, result.img_size, result.patches)
  if (request.masking.hidden === null) keepRanks(state, request.masking, result)
  refreshScene(state)
  dropPictures(before)
}

function bitmapOf(base64) {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))
  return createImageBitmap(new Blob([bytes], { type: "image/png" }))
}

function wantLadder(state) {
  clearTimeout(state.ladderTimer)
  state.ladderTimer = setTimeout(() => { for (const side of sidesOf(state)) state.wishLadder(side.name) }, LADDER_REST_MS)
}

async function fetchLadder(state, name) {
  const side = state.sides[name]
  const request = side && ladderRequest(state, side)
  if (!request || ladderFits(state, side) || !exactFits(state, side)) return
  const wanted = () => JSON.stringify(request) === JSON.stringify(ladderRequest(state, side))
  let info, sprite
  try {
    info = await ask(`/reconstructions/ladder?query=${encodeURIComponent(JSON.stringify(request))}`)
    sprite = await fetchBitmap(info.sprite)
  } catch (problem) {
    if (wanted()) refuse(state, side, problem)
    return
  }
  keepRanks(state, request, info)
  if (state.left || !wanted()) return sprite.close()
  side.ladder?.sprite.close()
  side.ladder = { key: JSON.stringify(request), info, sprite }
  refreshScene(state)
  state.wishSample(name)
}

/** Of validation rows: of the dataset in view, or of the run's own beside an image of one's own. */
function sampleRequest(state, side) {
  const step = stepOf(side)
  const dataset = state.want.upload === null ? datasetName(state) : null
  return step === null ? null : { run: side.run, checkpoint: String(step), dataset, kind: state.want.kind, seed: SAMPLE_SEED }
}

function sampleFits(state, side) {
  return exists(side.sample) && side.sampleKey === JSON.stringify(sampleRequest(state, side))
}

/** The curve of a sample comes last, as it takes longest; why there is none stands beside the chart. */
async function fetchSample(state, name) {
  const side = state.sides[name]
  const request = side && sampleRequest(state, side)
  const key = JSON.stringify(request)
  if (!request || side.sampleKey === key || !ladderFits(state, side)) return
  try {
    const sample = await ask(`/reconstructions/curve?query=${encodeURIComponent(key)}`)
    Object.assign(side, { sampleKey: key, sample, sampleProblem: null })
  } catch (problem) {
    if (!(problem instanceof Refused)) return // the server is gone: whoever asks next says so
    Object.assign(side, { sampleKey: key, sample: null, sampleProblem: problem.message })
  }
  if (!state.left) drawChart(state)
}

function keepRanks(state, { kind, seed }, { ranks }) {
  state.ranks.set(`${ranks.length} ${kind} ${seed}`, ranks)
  if (state.ranks.size > 64) state.ranks.delete(state.ranks.keys().next().value)
}

async function fetchBitmap(address) {
  const answer = await fetch(address.startsWith(API) ? address : API + address, { credentials: "same-origin" })
  if (!answer.ok) {
    const body = await answer.json().catch(() => null)
    throw new Refused(body?.detail ?? `The server answered ${answer.status}.`)
  }
  return createImageBitmap(await answer.blob())
}

function refuse(state, side, problem) {
  if (!(problem instanceof Refused) && !(problem instanceof TypeError)) throw problem
  if (problem instanceof Refused) return tellProblem(state, side, problem.message)
  tellProblem(state, side, LOST)
  wantExact(state, RETRY_MS)
}

function tellProblem(state, side, words) {
  side.problem = words
  showNews(state)
  drawChart(state)
}
