// The same search with a second encoder: its selects, its results, and the overlap.

import { get, send } from "../../ui/kit/api.js"
import { el, exists, renew, svgShape } from "../../ui/kit/dom.js"
import { grouped, percent, sentence } from "../../ui/kit/format.js"
import { live } from "../../ui/kit/poll.js"
import { alertLine, problemWords } from "../../ui/kit/problems.js"
import { hasTrait, shareDone, stateMark, TERMINAL } from "../../ui/kit/run.js"
import { change } from "./galaxy_search.js"
import { queryOf, refuse } from "./net.js"
import { encoderBar, POOLING_WORDS, showEncoder, spaceOf, spaceOfEmbedding, stepWord } from "./space.js"
import { buildTiles, drawGrid } from "./tiles.js"

/** @import { EmbeddingState, Overlap, Run } from "../../api/contract.d.ts" */
/** @import { Encoder, Half, Other, SearchState } from "./state.d.ts" */

export const TWO_RINGS = "M6 3.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9zM10 3.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9z"

/** @param {SearchState} state */
export function buildCompare(state) {
  const other = (state.other = /** @type {Other} */ ({ embedding: null, problem: null }))
  other.bar = encoderBar((changes) => change(state, { other: state.view.other && { ...state.view.other, ...changes } }), "Second: ")
  other.start = el("button", { title: "Run the same search with a second encoder, side by side", onClick: () => change(state, { other: anotherEncoder(state) }) }, "Compare with…")
  const stop = el("button", { title: "Remove the second encoder", onClick: () => change(state, { other: null }) }, "Stop comparing")
  other.space = el("div", { class: "bar space second", role: "group", "aria-label": "Compare with" }, el("b", {}, "Compare with"), other.bar.fields, stop)
  return other.start
}

/** The next run in the list; if there is only one, the other pooling. @param {SearchState} state @returns {Encoder} */
function anotherEncoder({ data: { runs }, view: { run, checkpoint, depth, pooling } }) {
  const next = runs.find(({ id }) => id !== run)
  return next ? { run: next.id, checkpoint: "best", depth: null, pooling } : { run, checkpoint, depth, pooling: pooling === "cls" ? "mean" : "cls" }
}

/** @param {SearchState} state @param {string} name @returns {Half} */
function buildHalf(state, name) {
  const head = el("h3"), offer = el("div", { class: "offer" }), tiles = buildTiles(state)
  return { head, offer, tiles, node: el("section", { class: `half ${name}` }, head, offer, tiles) }
}

/** The two halves of the results; titles are shown only if there are two. @param {SearchState} state */
export function buildHalves(state) {
  state.halves = [buildHalf(state, "first"), buildHalf(state, "second")]
  state.agree = el("p", { class: "agree", role: "status" })
  state.whole = el("div", { class: "whole" })
  return [state.agree, el("div", { class: "halves" }, state.halves.map(({ node }) => node)), state.whole]
}

/** @param {SearchState} state */
const otherSpace = ({ view: { other, dataset } }) => (other && dataset ? { ...other, dataset } : null)
/** The embeddings of the second encoder, null until they are ready. @param {SearchState} state */
export const secondReady = ({ other, view }) => (view.other && other.embedding?.ready ? other.embedding : null)

/** @param {SearchState} state */
export function showCompare(state) {
  const { other, view, halves } = state
  const two = view.other !== null
  state.root.classList.toggle("two", two)
  other.start.hidden = two
  other.space.hidden = halves[1].node.hidden = !two
  const space = otherSpace(state), key = JSON.stringify(space)
  if (key !== other.key) {
    other.end?.()
    Object.assign(other, { key, embedding: null, problem: null, end: null, following: null, run: null })
    forgetSecond(state)
    if (space) askOther(state)
  }
  if (view.other) showEncoder(other.bar, state.data.runs, view.other, other.embedding)
  showHalves(state)
}

/** Removes the results of the previous second encoder. @param {SearchState} state */
function forgetSecond(state) {
  const [first, second] = state.halves
  Object.assign(state, { second: null, agreement: null, shown: null })
  second.tiles.replaceChildren()
  if (state.result) drawGrid(state, first.tiles, state.result, null)
}

/** Fetches the embedding state of the second encoder. @param {SearchState} state */
async function askOther(state) {
  const { other } = state, { key } = other, space = otherSpace(state)
  if (!space) return
  try {
    const embedding = await get("/embeddings", space)
    if (key !== other.key) return
    Object.assign(other, { embedding, problem: null })
  } catch (problem) {
    if (key !== other.key) return
    other.problem = problemWords(problem)
  }
  showCompare(state)
  state.queueLoad()
}

/** @param {SearchState} state */
export function showHalves(state) {
  const { view, other, halves: [first, second], data } = state
  const two = view.other !== null
  renew(first.head, two && data.state ? titleOf(state, data.state) : null)
  renew(second.head, view.other && (other.embedding ? titleOf(state, other.embedding) : el("b", {}, view.other.run)))
  first.head.hidden = !two
  if (two) offerOther(state)
  second.tiles.hidden = !secondReady(state)
  showAgreement(state)
  showWhole(state)
}

/** @param {SearchState} state @param {EmbeddingState} embedding */
function titleOf({ data: { runs } }, { run, step, depth, layers, pooling }) {
  const words = Object.fromEntries(POOLING_WORDS)[pooling], of = runs.find(({ id }) => id === run)
  return [el("b", {}, of?.title ?? run), el("span", { class: "gx-soft" }, `step ${stepWord(step, of !== undefined && hasTrait(of, "samples"))} · block ${depth} of ${layers} · ${words}`)]
}

/** Offers the missing embeddings, or shows the progress of their job. @param {SearchState} state */
function offerOther(state) {
  const { other, halves: [, { offer }] } = state, { embedding, problem, run } = other
  if (problem) return renew(offer, alertLine(problem))
  if (!embedding) return renew(offer, el("div", { class: "gx-bone wait" }))
  if (embedding.ready) return renew(offer)
  if (embedding.job && embedding.job !== other.following) followOther(state, embedding.job)
  if (run && !TERMINAL.has(run.state)) return renew(offer, jobOf(run, embedding))
  const button = el("button", { class: "gx-main" }, `Embed ${grouped(embedding.n)} galaxies`)
  button.onclick = () => embedOther(state, embedding)
  renew(offer, el("p", {}, `This encoder has no embeddings of ${embedding.dataset} at block ${embedding.depth} yet.`),
    run?.state === "failed" ? alertLine(sentence(`The last attempt failed: ${run.reason}`)) : null, button)
}

/** @param {Run} run @param {EmbeddingState} embedding */
function jobOf(run, { n }) {
  return [el("p", {}, `Embedding ${grouped(n)} galaxies `, stateMark(run)), el("div", { class: "gx-bar" }, el("i", { style: `width:${100 * (shareDone(run) ?? 0)}%` }))]
}

/** @param {SearchState} state @param {EmbeddingState} embedding */
async function embedOther(state, embedding) {
  const { other } = state, { key } = other
  try {
    const { id } = await send("post", "/runs", {}, { kind: "embed", config: embedding.config })
    if (key !== other.key) return
    other.embedding = { ...embedding, job: id } // replaces a job that failed before
    followOther(state, id)
  } catch (problem) {
    refuse(state, problem)
  }
}

/** Follows a job to its end, then fetches the embedding state. @param {SearchState} state @param {string} id */
function followOther(state, id) {
  const { other } = state, { key } = other
  other.end?.()
  Object.assign(other, { following: id, run: null })
  other.end = live("/runs/{run_id}", { run_id: id }, (run) => (TERMINAL.has(run.state) ? 0 : 400), ({ data: run }) => {
    if (!run || key !== other.key) return
    const ended = TERMINAL.has(run.state) && other.run && !TERMINAL.has(other.run.state)
    other.run = run
    offerOther(state)
    if (ended || run.state === "succeeded") askOther(state)
  })
}

/** The overlap of both results, compared with chance. @param {SearchState} state */
function showAgreement(state) {
  const found = secondReady(state) ? state.agreement : null
  state.agree.hidden = !found
  if (!found) return
  const { k, shared, jaccard, expected, rank_correlation: ranks } = found
  const chance = expected < 0.095 ? expected.toFixed(2) : expected.toFixed(1)
  renew(state.agree, svgShape("ring", TWO_RINGS), el("b", {}, `${shared} of ${k} in both results`),
    el("span", {}, `(Jaccard ${jaccard.toFixed(2)}); expected by chance ${chance}`),
    exists(ranks) ? el("span", { class: "gx-soft", title: "Spearman correlation of the similarities of all galaxies ranked by both" }, `rank correlation ${ranks.toFixed(2)}`) : null)
}

/** The overlap over the dataset, fetched once for two encoders. @param {SearchState} state */
async function showWhole(state) {
  const { whole, data } = state
  const other = secondReady(state)
  whole.hidden = !other || !data.state?.ready
  if (!other || whole.hidden) return
  const { query } = queryOf({ space: spaceOf(state), against: spaceOfEmbedding(other) })
  if (query === state.wholeOf) return
  state.wholeOf = query
  renew(whole, el("p", { class: "gx-soft" }, "Comparing the neighbours of all galaxies…"))
  try {
    const found = await get("/search/overlap", { query })
    if (query === state.wholeOf) renew(whole, overlapWords(found))
  } catch (problem) {
    if (query !== state.wholeOf) return
    state.wholeOf = null
    const words = problemWords(problem, "")
    renew(whole, words ? alertLine(words) : null)
  }
}

/** @param {Overlap} overlap */
function overlapWords({ n, of, k, overlap, overlap_ci95: { low, high }, chance, classes }) {
  const whom = n === of ? `all ${grouped(n)} galaxies` : `${grouped(n)} of ${grouped(of)} galaxies (random, fixed seed)`
  return [el("p", {}, `Over ${whom}, the two encoders share `, el("b", {}, percent(overlap)), ` of the ${k} nearest neighbours (95 %: ${percent(low)} to ${percent(high)}; chance: ${percent(chance)}).`),
    classes.length ? el("details", {}, el("summary", {}, "By class"), el("table", {}, classes.map((one) => el("tr", {},
      el("th", { scope: "row" }, one.name), el("td", { class: "num" }, percent(one.overlap)), el("td", { class: "gx-soft num" }, `${grouped(one.n)}${one.few ? " (few)" : ""}`))))) : null]
}
