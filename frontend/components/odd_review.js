// One odd galaxy at a time, large, with what its neighbours say: a key rates it and goes on, the way back stays, and what
// was rated teaches the order of those to come.

const reviews = makeStore()
const ODD_TELL_MS = 150
const REST_MS = 2000 // of the hand, before the address says which galaxy is shown: the script does not run at every key

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".gx-odd_review")
  const state = reviews(parentElement, () => build(root))
  const embedded = JSON.stringify(data.state)
  const changed = state.embedded !== embedded
  Object.assign(state, { data, embedded })
  state.say = (view) => setTriggerValue("view", { view, n: ++state.seq })
  state.leave ??= listenToPage(reviewKeys(state), () => {})
  if (isNewAddress(state, data)) adopt(state, data.view)
  else if (changed) showAll(state)
  sendUnsent(state)
  return () => leave(state)
}

function reviewKeys(state) {
  const rates = Object.fromEntries([0, 1, 2, 3, 4, 5].map((value) => [String(value), () => rate(state, value)]))
  return { ...rates, ArrowRight: () => walk(state, 1), ArrowLeft: () => walk(state, -1), u: () => undo(state),
    f: () => flagHere(state), l: () => learn(state) }
}

function build(root) {
  const state = { root, want: null, left: true, seq: 0, asked: 0, list: [], at: 0, received: new Map(), acts: [], touched: new Set(),
    outbox: readOutbox(), page: null, problem: null, news: "", rated: 0, shown: null }
  state.doubts = labelDoubts(() => showReview(state))
  state.wish = latestWins(() => loadRanking(state))
  state.alerts = el("div", { class: "says" })
  state.says = el("div", { class: "says counts" })
  root.replaceChildren(buildSpace(state), el("div", { class: "all" }, buildBar(state), state.alerts, state.says, buildGalaxy(state), buildQueue(state)))
  return state
}

function leave(state) {
  state.leave?.()
  state.leave = null
  clearTimeout(state.tellTimer)
  clearTimeout(state.sendTimer)
  state.left = true
}

/** Takes over what the address says. */
function adopt(state, view) {
  Object.assign(state, { left: false, said: null })
  state.want = structuredClone(view)
  showAll(state)
}

function showAll(state) {
  showSpace(state)
  showBar(state)
  state.root.classList.toggle("waiting", !state.data.state?.ready)
  state.wish()
}

/** What is wanted changes; the galaxy that is shown may be another one then. */
function change(state, wanted) {
  state.asked++
  Object.assign(state.want, { row: null }, wanted)
  state.problem = null
  showAll(state)
  tellSoon(state, ODD_TELL_MS)
}

function tellSoon(state, wait = REST_MS) {
  clearTimeout(state.tellTimer)
  state.tellTimer = setTimeout(() => {
    const said = JSON.stringify(state.want)
    if (said === state.said) return
    state.said = said
    state.say(JSON.parse(said))
  }, wait)
}
