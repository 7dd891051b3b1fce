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
  state.leave ??= listenToPage(state)
  const own = data.told !== null && data.told <= state.seq
  const known = state.adopted === JSON.stringify(data.view) // the script ran again, and says what it said before
  if (state.left || !(own || known)) adopt(state, data.view)
  else if (changed) showAll(state)
  return () => leave(state)
}

function build(root) {
  const state = { root, want: null, left: true, seq: 0, kept: new Map(), own: new Map(), result: null, problem: null, news: "", pressedG: 0 }
  state.wish = latestWins(() => fetchResults(state))
  state.says = el("div", { class: "says" })
  root.replaceChildren(buildSpace(state), el("div", { class: "both" },
    buildQuery(state), el("div", { class: "found" }, buildTrail(state), buildFilters(state), state.says, buildTiles(state))))
  acceptDrops(state)
  return state
}

function leave(state) {
  state.leave?.()
  state.leave = null
  clearTimeout(state.tellTimer)
  state.left = true
}

/** Takes over what the address says. */
function adopt(state, view) {
  state.left = false
  state.adopted = JSON.stringify(view)
  state.want = structuredClone(view)
  showAll(state)
}

function hasQuery({ row, upload, plus, minus }) {
  return row !== null || upload !== null || plus.length > 0 || minus.length > 0
}

function showAll(state) {
  showSpace(state)
  showFilters(state)
  showQuery(state)
  showTrail(state)
  state.root.classList.toggle("waiting", !state.data.state?.ready)
  if (state.data.state?.ready && !hasQuery(state.want)) randomGalaxy(state) // the address names none
  else state.wish()
}

/** What is wanted changes: results follow at once, the address a moment later. */
function change(state, wanted) {
  Object.assign(state.want, wanted)
  showAll(state)
  clearTimeout(state.tellTimer)
  state.tellTimer = setTimeout(() => tell(state), TELL_MS)
}

function tell(state) {
  const said = JSON.stringify(state.want)
  if (said === state.said) return
  state.said = said
  state.adopted = null
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

function acceptDrops(state) {
  state.root.ondragover = (event) => { event.preventDefault(); state.root.classList.add("over") }
  state.root.ondragleave = (event) => { if (!state.root.contains(event.relatedTarget)) state.root.classList.remove("over") }
  state.root.ondrop = (event) => {
    event.preventDefault()
    state.root.classList.remove("over")
    sendPicture(state, imageOf(event.dataTransfer))
  }
}

/** Keys and pastes that are meant for the page as a whole. */
function listenToPage(state) {
  const onKey = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTypingIn(event)) return
    if (event.key === "r" && Date.now() - state.pressedG > 1500) randomGalaxy(state)
    if (event.key === "/") { event.preventDefault(); state.box.focus() }
    state.pressedG = event.key === "g" ? Date.now() : 0
  }
  const onPaste = (event) => {
    const file = imageOf(event.clipboardData)
    if (file && !isTypingIn(event)) sendPicture(state, file)
  }
  document.addEventListener("keydown", onKey)
  document.addEventListener("paste", onPaste)
  return () => {
    document.removeEventListener("keydown", onKey)
    document.removeEventListener("paste", onPaste)
  }
}
