// Which galaxies are like this one: a click makes a result the query, and the address follows.

const searches = makeStore()
const TELL_MS = 150
const MOST_TRAIL = 12

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".gx-galaxy_search")
  const state = searches(parentElement, () => build(root))
  const embedded = JSON.stringify(data.state)
  const changed = state.embedded !== embedded
  Object.assign(state, { data, embedded })
  state.say = (view) => setTriggerValue("view", { view, n: ++state.seq })
  state.leave ??= listenToPage({ r: () => randomGalaxy(state), "/": () => state.box.focus() }, (file) => sendPicture(state, file))
  if (isNewAddress(state, data)) adopt(state, data.view)
  else if (changed) showAll(state)
  return () => leave(state)
}

function build(root) {
  const state = { root, want: null, left: true, seq: 0, asked: 0, kept: new Map(), own: new Map(), result: null, second: null, problem: null, news: "" }
  state.wish = latestWins(() => fetchResults(state))
  state.says = el("div", { class: "says" })
  const compare = buildCompare(state)
  root.replaceChildren(buildSpace(state, compare), state.other.space, el("div", { class: "both" },
    buildQuery(state), el("div", { class: "found" }, buildTrail(state), buildFilters(state), state.says, buildHalves(state))))
  acceptDrops(root, (file) => sendPicture(state, file))
  return state
}

function leave(state) {
  state.leave?.()
  state.leave = null
  clearTimeout(state.tellTimer)
  state.other.end?.()
  Object.assign(state.other, { end: null, following: null, key: null })
  state.left = true
}

/** Takes over what the address says. */
function adopt(state, view) {
  Object.assign(state, { left: false, said: null })
  state.want = structuredClone(view)
  showAll(state)
}

function hasQuery({ row, upload, plus, minus }) {
  return row !== null || upload !== null || plus.length > 0 || minus.length > 0
}

function showAll(state) {
  showSpace(state)
  showCompare(state)
  showFilters(state)
  showQuery(state)
  showTrail(state)
  state.root.classList.toggle("waiting", !state.data.state?.ready)
  if (state.data.state?.ready && !hasQuery(state.want)) randomGalaxy(state) // the address names none
  else state.wish()
}

/** What is wanted changes: results follow at once, the address a moment later. */
function change(state, wanted) {
  state.asked++ // what was asked for before, and has not come yet, no longer counts
  Object.assign(state.want, wanted)
  showAll(state)
  clearTimeout(state.tellTimer)
  state.tellTimer = setTimeout(() => tell(state), TELL_MS)
}

function tell(state) {
  const said = JSON.stringify(state.want)
  if (said === state.said) return
  state.said = said
  state.say(JSON.parse(said))
}

/** A galaxy becomes the query; examples were for the one before, which joins the trail. */
function pivot(state, row) {
  const { row: before, trail } = state.want
  if (row === before) return
  const longer = before === null ? trail : [...trail, before].slice(-MOST_TRAIL)
  Object.assign(state, { news: "", problem: null })
  change(state, { row, upload: null, plus: [], minus: [], trail: longer })
}

/** Back to a galaxy of the trail. */
function retrace(state, place) {
  const { trail } = state.want
  change(state, { row: trail[place], upload: null, plus: [], minus: [], trail: trail.slice(0, place) })
}

/** Adds a galaxy to the examples for (plus) or against (minus), or takes it off. */
function example(state, row, kind) {
  const other = kind === "plus" ? "minus" : "plus"
  const { [kind]: own, [other]: others } = state.want
  change(state, {
    [kind]: own.includes(row) ? own.filter((one) => one !== row) : [...own, row],
    [other]: others.filter((one) => one !== row),
  })
}
