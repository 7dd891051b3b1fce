// Requests to the server: checkpoints, exact images once the slider rests, the ladder of ratios, and last the curve of a
// sample.

import { fetchFile, get, Refused, send } from "../../ui/kit/api.js"
import { keepNewest } from "../../ui/kit/cache.js"
import { exists } from "../../ui/kit/dom.js"
import { live, refresh } from "../../ui/kit/poll.js"
import { LOST_SERVER } from "../../ui/kit/problems.js"
import { runPace, TERMINAL } from "../../ui/kit/run.js"
import { drawChart } from "./chart.js"
import { PANELS, sizePanels } from "./draw.js"
import { followInside } from "./inside.js"
import { refreshScene } from "./mask_scrubber.js"
import { removedPatches } from "./maths.js"
import { showCheckpoints } from "./models.js"
import { datasetName } from "./pick.js"
import { showMessages } from "./words.js"

/** @import { GalaxyView, Reconstruction, ReconstructionRequest } from "../../api/contract.d.ts" */
/** @import { Exact, LadderRequest, MaskKind, Pictures, Side, SideName, State } from "./state.d.ts" */

export const REST_MS = 120
const LADDER_REST_MS = 250
export const KEPT_RESULTS = 16
const KEPT_RANKS = 64
const SLOW_MS = 700
export const RETRY_MS = 3000
const SAMPLE_SEED = 0 // fixed, so that the curve of the sample does not change with the mask

/** @param {SideName} name @returns {Side} */
export function makeSide(name) {
  return { name, run: null, checkpoint: "last", steps: null, ended: false, slow: false, exact: null, ladder: null, sample: null, sampleKey: null,
    sampleProblem: null, problem: null, kept: new Map(), endRun: null, endSteps: null }
}

/** Follows the checkpoints of the run of a side, including new ones.
 * @param {State} state
 * @param {Side} side
 * @param {string} runId
 * @param {string} checkpoint
 */
export function followRun(state, side, runId, checkpoint) {
  side.checkpoint = checkpoint
  if (side.run === runId) return
  leaveRun(side)
  Object.assign(side, { run: runId, steps: null, problem: null })
  side.endRun = live("/runs/{run_id}", { run_id: runId }, runPace, ({ data: run, error }) => {
    side.ended = run ? TERMINAL.has(run.state) : side.ended
    if (error) setProblem(state, side, error)
    showCheckpoints(state, side)
  })
  side.endSteps = live("/runs/{run_id}/checkpoints", { run_id: runId }, () => (side.ended ? 0 : 3000), ({ data: found, error, lost }) => {
    if (error || lost) return setProblem(state, side, error ?? LOST_SERVER)
    if (side.problem === LOST_SERVER) wantExact(state, 0)
    if (JSON.stringify(found) === JSON.stringify(side.steps)) return
    side.steps = found
    showCheckpoints(state, side)
    wantExact(state, 0)
    followInside(state) // also for encoders without a decoder, which have no exact images
  })
}

/** @param {Side} side */
function leaveRun(side) {
  side.endRun?.()
  side.endSteps?.()
  side.endRun = side.endSteps = null
  side.run = null
}

/** @param {Side} side */
export function closeSide(side) {
  leaveRun(side)
  dropPictures(side.exact)
  side.ladder?.sprite.close()
  side.exact = side.ladder = null
}

/** @param {Pick<Exact, "pictures"> | null} exact */
function dropPictures(exact) {
  if (exact) Object.values(exact.pictures).forEach((bitmap) => bitmap.close())
}

/** The step of "last", "best" or a number; null without checkpoints. @param {Pick<Side, "steps" | "checkpoint">} side */
export function stepOf({ steps, checkpoint }) {
  if (!steps?.steps.length) return null
  const named = checkpoint === "last" ? steps.last : checkpoint === "best" ? steps.best ?? steps.last : null
  const step = named ?? Number(checkpoint)
  return steps.steps.includes(step) ? step : steps.last ?? steps.steps[steps.steps.length - 1]
}

/** @param {State} state @param {Side} side @returns {GalaxyView | null} */
export function viewedBy(state, side) {
  const { row, upload } = state.view
  const step = stepOf(side)
  if (side.run === null || step === null || (row === null && upload === null)) return null
  const galaxy = upload === null ? { dataset: datasetName(state), row } : { upload }
  return { run: side.run, checkpoint: String(step), ...galaxy }
}

/** @param {State} state @param {Side} side @returns {ReconstructionRequest | null} */
export function exactRequest(state, side) {
  const viewed = viewedBy(state, side)
  if (!viewed) return null
  const { ratio, seed, kind, hidden, pixels, average } = state.view
  return { viewed, masking: { ratio, seed, kind, hidden }, pixels, average }
}

/** A cache key that is equal for ratios that hide the same patches. @param {State} state @param {ReconstructionRequest | null} request */
export function keyOf(state, request) {
  if (!request) return null
  const { masking } = request
  const { length } = state.grid
  const removed = masking.hidden ? null : length ? removedPatches(length, masking.ratio) : masking.ratio
  const own = masking.hidden ?? [masking.kind, masking.seed, removed]
  return JSON.stringify([request.viewed, own, request.pixels, request.average, request.average > 1 ? masking.seed : 0])
}

/** @param {State} state @param {Side} side */
export function exactFits(state, side) {
  return side.exact !== null && keyOf(state, side.exact.request) === keyOf(state, exactRequest(state, side))
}

/** @param {State} state @param {Side} side @returns {LadderRequest | null} */
export function ladderRequest(state, side) {
  const viewed = viewedBy(state, side)
  return viewed && { viewed, kind: state.view.kind, seed: state.view.seed, pixels: state.view.pixels }
}

/** @param {State} state @param {Side} side */
export function ladderFits(state, side) {
  return side.ladder !== null && side.ladder.key === JSON.stringify(ladderRequest(state, side))
}

/** The ranks of the current mask, from any model: the same seed and grid give the same mask. @param {State} state */
export function ranksNow(state) {
  const { kind, seed } = state.view
  return state.ranks.get(`${state.grid.length} ${kind} ${seed}`) ?? null
}

/** @param {State} state */
export function sidesOf(state) {
  return [state.sides.a, state.sides.b].filter(exists)
}

/** Requests exact images once the view has rested for `wait` ms. @param {State} state */
export function wantExact(state, wait = REST_MS) {
  stopWaiting(state)
  const load = () => { for (const side of sidesOf(state)) state.queueExact(side.name) }
  // Wait for one more frame: a busy browser delivers the next pointer move only then.
  state.restTimer = window.setTimeout(wait ? () => { state.restFrame = requestAnimationFrame(load) } : load, wait)
}

/** @param {State} state */
export function stopWaiting(state) {
  clearTimeout(state.restTimer)
  clearTimeout(state.ladderTimer)
  cancelAnimationFrame(state.restFrame)
}

/** @param {State} state @param {SideName} name */
export async function fetchExact(state, name) {
  const side = state.sides[name]
  const request = side && exactRequest(state, side)
  if (!side || !request) return
  if (!exactFits(state, side)) {
    const slow = setTimeout(() => setSlow(state, side, true), SLOW_MS)
    try {
      await takeExact(state, side, request, await resultOf(state, side, request))
    } catch (problem) {
      if (keyOf(state, request) === keyOf(state, exactRequest(state, side))) refuse(state, side, problem)
      if (problem instanceof Refused) refresh("/runs/{run_id}/checkpoints", { run_id: request.viewed.run }) // the checkpoint may have been deleted
      return
    } finally {
      clearTimeout(slow)
      setSlow(state, side, false)
    }
  }
  if (!exactFits(state, side)) return
  if (side.problem === LOST_SERVER) setProblem(state, side, null) // the server responds again
  if (state.root.dataset.exact !== "true") refreshScene(state) // the exact images were loaded already
  wantLadder(state)
}

/** @param {State} state @param {Side} side @param {boolean} slow */
function setSlow(state, side, slow) {
  if (side.slow === slow) return
  side.slow = slow
  showMessages(state)
}

/** A cached result, or one from the server. @param {State} state @param {Side} side @param {ReconstructionRequest} request */
async function resultOf(state, side, request) {
  const key = keyOf(state, request) ?? ""
  const kept = side.kept.get(key)
  if (kept) return kept
  const result = await send("post", "/reconstructions", {}, request)
  keepNewest(side.kept, key, result, KEPT_RESULTS)
  return result
}

/** @param {State} state @param {Side} side @param {ReconstructionRequest} request @param {Reconstruction} result */
async function takeExact(state, side, request, result) {
  const bitmaps = await Promise.all(PANELS.map((name) => bitmapOf(result[name])))
  const pictures = /** @type {Pictures} */ (Object.fromEntries(PANELS.map((name, i) => [name, bitmaps[i]])))
  if (state.left || !sidesOf(state).includes(side)) return dropPictures({ pictures })
  const before = side.exact
  side.exact = { request, result, pictures }
  side.problem = null
  if (side.name === "a") sizePanels(state, result.img_size, result.patches)
  if (request.masking.hidden === null) keepRanks(state, request.masking, result)
  refreshScene(state)
  dropPictures(before)
}

/** @param {string} base64 */
function bitmapOf(base64) {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))
  return createImageBitmap(new Blob([bytes], { type: "image/png" }))
}

/** @param {State} state */
function wantLadder(state) {
  clearTimeout(state.ladderTimer)
  state.ladderTimer = window.setTimeout(() => { for (const side of sidesOf(state)) state.queueLadder(side.name) }, LADDER_REST_MS)
}

/** @param {State} state @param {SideName} name */
export async function fetchLadder(state, name) {
  const side = state.sides[name]
  const request = side && ladderRequest(state, side)
  if (!side || !request || ladderFits(state, side) || !exactFits(state, side)) return
  const isCurrent = () => JSON.stringify(request) === JSON.stringify(ladderRequest(state, side))
  let info, sprite
  try {
    info = await get("/reconstructions/ladder", { query: JSON.stringify(request) })
    sprite = await createImageBitmap(await (await fetchFile(info.sprite)).blob())
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

/** A sample of validation rows: of the current dataset, or of the run's dataset for an uploaded image.
 * @param {State} state
 * @param {Side} side
 */
function sampleRequest(state, side) {
  const step = stepOf(side)
  const dataset = state.view.upload === null ? datasetName(state) : null
  return step === null ? null : { run: side.run, checkpoint: String(step), dataset, kind: state.view.kind, seed: SAMPLE_SEED }
}

/** @param {State} state @param {Side} side */
export function sampleFits(state, side) {
  return exists(side.sample) && side.sampleKey === JSON.stringify(sampleRequest(state, side))
}

/** Fetches the curve of a sample last, as it takes longest; errors are shown next to the chart.
 * @param {State} state
 * @param {SideName} name
 */
export async function fetchSample(state, name) {
  const side = state.sides[name]
  const request = side && sampleRequest(state, side)
  const key = JSON.stringify(request)
  if (!side || !request || side.sampleKey === key || !ladderFits(state, side)) return
  try {
    const sample = await get("/reconstructions/curve", { query: key })
    Object.assign(side, { sampleKey: key, sample, sampleProblem: null })
  } catch (problem) {
    if (!(problem instanceof Refused)) return // no connection: the next request reports it
    Object.assign(side, { sampleKey: key, sample: null, sampleProblem: problem.message })
  }
  if (!state.left) drawChart(state)
}

/** @param {State} state @param {{ kind: MaskKind, seed: number }} masking @param {{ ranks: number[] }} found */
function keepRanks(state, { kind, seed }, { ranks }) {
  keepNewest(state.ranks, `${ranks.length} ${kind} ${seed}`, ranks, KEPT_RANKS)
}

/** @param {State} state @param {Side} side @param {unknown} problem */
export function refuse(state, side, problem) {
  if (!(problem instanceof Refused) && !(problem instanceof TypeError)) throw problem
  if (problem instanceof Refused) return setProblem(state, side, problem.message)
  setProblem(state, side, LOST_SERVER)
  wantExact(state, RETRY_MS)
}

/** @param {State} state @param {Side} side @param {string | null} words */
function setProblem(state, side, words) {
  side.problem = words
  showMessages(state)
  drawChart(state)
}
