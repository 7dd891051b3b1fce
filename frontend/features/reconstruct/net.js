// Requests to the server: checkpoints, exact images once the slider rests, the ladder of ratios, and last the curve of a
// sample.

import { API, ask, Refused } from "../../ui/kit/api.js"
import { exists } from "../../ui/kit/dom.js"
import { livePath, refreshPath } from "../../ui/kit/poll.js"
import { runPace, runPath, TERMINAL } from "../../ui/kit/run.js"
import { drawChart } from "./chart.js"
import { PANELS, sizePanels } from "./draw.js"
import { followInside } from "./inside.js"
import { refreshScene } from "./mask_scrubber.js"
import { removedPatches } from "./maths.js"
import { showCheckpoints } from "./models.js"
import { datasetName } from "./pick.js"
import { showMessages } from "./words.js"

export const REST_MS = 120
const LADDER_REST_MS = 250
export const KEPT_RESULTS = 16
const SLOW_MS = 700
export const RETRY_MS = 3000
const SAMPLE_SEED = 0 // fixed, so that the curve of the sample does not change with the mask
export const LOST = "The server is not responding; this page shows its last state."

export function makeSide(name) {
  return { name, run: null, checkpoint: "last", steps: null, exact: null, ladder: null, problem: null, kept: new Map() }
}

/** Follows the checkpoints of the run of a side, including new ones. */
export function followRun(state, side, runId, checkpoint) {
  side.checkpoint = checkpoint
  if (side.run === runId) return
  leaveRun(side)
  Object.assign(side, { run: runId, steps: null, problem: null })
  side.endRun = livePath(runPath(runId), runPace, ({ data: run, error }) => {
    side.ended = run ? TERMINAL.has(run.state) : side.ended
    side.state = run ?? side.state
    if (error) setProblem(state, side, error)
    showCheckpoints(state, side)
  })
  side.endSteps = livePath(`${runPath(runId)}/checkpoints`, () => (side.ended ? 0 : 3000), ({ data: found, error, lost }) => {
    if (error || lost) return setProblem(state, side, error ?? LOST)
    if (side.problem === LOST) wantExact(state, 0)
    if (JSON.stringify(found) === JSON.stringify(side.steps)) return
    side.steps = found
    showCheckpoints(state, side)
    wantExact(state, 0)
    followInside(state) // also for encoders without a decoder, which have no exact images
  })
}

function leaveRun(side) {
  side.endRun?.()
  side.endSteps?.()
  side.endRun = side.endSteps = null
  side.run = null
}

export function closeSide(side) {
  leaveRun(side)
  dropPictures(side.exact)
  side.ladder?.sprite.close()
  side.exact = side.ladder = null
}

function dropPictures(exact) {
  if (exact) Object.values(exact.pictures).forEach((bitmap) => bitmap.close())
}

/** The step of "last", "best" or a number; null without checkpoints. */
export function stepOf({ steps, checkpoint }) {
  if (!steps?.steps.length) return null
  const named = { last: steps.last, best: steps.best ?? steps.last }[checkpoint]
  const step = named ?? Number(checkpoint)
  return steps.steps.includes(step) ? step : steps.last ?? steps.steps.at(-1)
}

export function viewedBy(state, side) {
  const { row, upload } = state.view
  const step = stepOf(side)
  if (step === null || (row === null && upload === null)) return null
  const galaxy = upload === null ? { dataset: datasetName(state), row } : { upload }
  return { run: side.run, checkpoint: String(step), ...galaxy }
}

export function exactRequest(state, side) {
  const viewed = viewedBy(state, side)
  if (!viewed) return null
  const { ratio, seed, kind, hidden, pixels, average } = state.view
  return { viewed, masking: { ratio, seed, kind, hidden }, pixels, average }
}

/** A cache key that is equal for ratios that hide the same patches. */
export function keyOf(state, request) {
  if (!request) return null
  const { masking } = request
  const length = state.grid?.length ?? 0
  const removed = masking.hidden ? null : length ? removedPatches(length, masking.ratio) : masking.ratio
  const own = masking.hidden ?? [masking.kind, masking.seed, removed]
  return JSON.stringify([request.viewed, own, request.pixels, request.average, request.average > 1 ? masking.seed : 0])
}

export function exactFits(state, side) {
  return side.exact !== null && keyOf(state, side.exact.request) === keyOf(state, exactRequest(state, side))
}

export function ladderRequest(state, side) {
  const viewed = viewedBy(state, side)
  return viewed && { viewed, kind: state.view.kind, seed: state.view.seed, pixels: state.view.pixels }
}

export function ladderFits(state, side) {
  return side.ladder !== null && side.ladder.key === JSON.stringify(ladderRequest(state, side))
}

/** The ranks of the current mask, from any model: the same seed and grid give the same mask. */
export function ranksNow(state) {
  const { kind, seed } = state.view
  return state.ranks.get(`${state.grid?.length} ${kind} ${seed}`) ?? null
}

export function sidesOf(state) {
  return [state.sides.a, state.sides.b].filter(Boolean)
}

/** Requests exact images once the view has rested for `wait` ms. */
export function wantExact(state, wait = REST_MS) {
  stopWaiting(state)
  const load = () => { for (const side of sidesOf(state)) state.queueExact(side.name) }
  // Wait for one more frame: a busy browser delivers the next pointer move only then.
  state.restTimer = setTimeout(wait ? () => { state.restFrame = requestAnimationFrame(load) } : load, wait)
}

export function stopWaiting(state) {
  clearTimeout(state.restTimer)
  clearTimeout(state.ladderTimer)
  cancelAnimationFrame(state.restFrame)
}

export async function fetchExact(state, name) {
  const side = state.sides[name]
  const request = side && exactRequest(state, side)
  if (!request) return
  if (!exactFits(state, side)) {
    const slow = setTimeout(() => setSlow(state, side, true), SLOW_MS)
    try {
      await takeExact(state, side, request, await resultOf(state, side, request))
    } catch (problem) {
      if (keyOf(state, request) === keyOf(state, exactRequest(state, side))) refuse(state, side, problem)
      if (problem instanceof Refused) refreshPath(`${runPath(side.run)}/checkpoints`) // the checkpoint may have been deleted
      return
    } finally {
      clearTimeout(slow)
      setSlow(state, side, false)
    }
  }
  if (!exactFits(state, side)) return
  if (side.problem === LOST) setProblem(state, side, null) // the server responds again
  if (state.root.dataset.exact !== "true") refreshScene(state) // the exact images were loaded already
  wantLadder(state)
}

function setSlow(state, side, slow) {
  if (Boolean(side.slow) === slow) return
  side.slow = slow
  showMessages(state)
}

/** A cached result, or one from the server. */
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
  state.ladderTimer = setTimeout(() => { for (const side of sidesOf(state)) state.queueLadder(side.name) }, LADDER_REST_MS)
}

export async function fetchLadder(state, name) {
  const side = state.sides[name]
  const request = side && ladderRequest(state, side)
  if (!request || ladderFits(state, side) || !exactFits(state, side)) return
  const isCurrent = () => JSON.stringify(request) === JSON.stringify(ladderRequest(state, side))
  let info, sprite
  try {
    info = await ask(`/reconstructions/ladder?query=${encodeURIComponent(JSON.stringify(request))}`)
    sprite = await fetchBitmap(info.sprite)
  } catch (problem) {
    if (isCurrent()) refuse(state, side, problem)
    return
  }
  keepRanks(state, request, info)
  if (state.left || !isCurrent()) return sprite.close()
  side.ladder?.sprite.close()
  side.ladder = { key: JSON.stringify(request), info, sprite }
  refreshScene(state)
  state.queueSample(name)
}

/** A sample of validation rows: of the current dataset, or of the run's dataset for an uploaded image. */
function sampleRequest(state, side) {
  const step = stepOf(side)
  const dataset = state.view.upload === null ? datasetName(state) : null
  return step === null ? null : { run: side.run, checkpoint: String(step), dataset, kind: state.view.kind, seed: SAMPLE_SEED }
}

export function sampleFits(state, side) {
  return exists(side.sample) && side.sampleKey === JSON.stringify(sampleRequest(state, side))
}

/** Fetches the curve of a sample last, as it takes longest; errors are shown next to the chart. */
export async function fetchSample(state, name) {
  const side = state.sides[name]
  const request = side && sampleRequest(state, side)
  const key = JSON.stringify(request)
  if (!request || side.sampleKey === key || !ladderFits(state, side)) return
  try {
    const sample = await ask(`/reconstructions/curve?query=${encodeURIComponent(key)}`)
    Object.assign(side, { sampleKey: key, sample, sampleProblem: null })
  } catch (problem) {
    if (!(problem instanceof Refused)) return // no connection: the next request reports it
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
    throw new Refused(body?.detail ?? `The server returned ${answer.status}.`)
  }
  return createImageBitmap(await answer.blob())
}

export function refuse(state, side, problem) {
  if (!(problem instanceof Refused) && !(problem instanceof TypeError)) throw problem
  if (problem instanceof Refused) return setProblem(state, side, problem.message)
  setProblem(state, side, LOST)
  wantExact(state, RETRY_MS)
}

function setProblem(state, side, words) {
  side.problem = words
  showMessages(state)
  drawChart(state)
}
