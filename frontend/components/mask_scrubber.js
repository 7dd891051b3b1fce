// What a model knows of a galaxy it half sees: every picture follows the hand on the masking ratio.

const scrubbers = makeStore()
const TELL_MS = 250
const KINDS = ["uniform", "block", "core", "ring", "half", "grid"]
const PIXEL_WORDS = [
  ["interpolated", "from visible patches"], ["true", "uses true patch statistics"], ["normalised", "normalised, as predicted"],
]
const PIXEL_NOTE = "How predictions of normalised patches become pixels: with mean and spread interpolated from visible patches, "
  + "with those of the hidden patches themselves (the model never saw them), or left normalised"

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".gx-mask_scrubber")
  const state = scrubbers(parentElement, () => build(root))
  state.data = data
  paintRegions(root)
  state.say = (view) => setTriggerValue("view", { view, n: ++state.seq })
  state.leave ??= listenToPage({ r: () => randomGalaxy(state) }, (file) => sendPicture(state, file))
  if (isNewAddress(state, data)) adopt(state, data.view)
  return () => leave(state)
}

function build(root) {
  const state = { root, want: null, left: true, seq: 0, sides: { a: makeSide("a"), b: null }, models: {}, ranks: new Map(),
    mask: null, grid: null, wipe: 0.5, brush: 1, asked: 0, uploadNotes: [] }
  buildPanels(state)
  const wishes = (work) => {
    const of = { a: latestWins(() => work(state, "a")), b: latestWins(() => work(state, "b")) }
    return (name) => of[name]()
  }
  state.wishExact = wishes(fetchExact)
  state.wishLadder = wishes(fetchLadder)
  state.wishSample = wishes(fetchSample)
  state.wishStep = latestWins((change) => stepInClass(state, change))
  state.news = el("div", { class: "news" })
  state.compare = el("button", { title: "A second checkpoint or run beside this one, same galaxy, same mask", onClick: () => startVersus(state) }, "Compare…")
  const head = el("div", { class: "bar head" }, el("div", { class: "group" }, buildModel(state, "a"), state.compare), buildPick(state))
  state.chart = el("div", { class: "chart" })
  root.replaceChildren(head, buildVersus(state), state.news, buildStage(state), el("div", { class: "under" }, buildControls(state), state.chart), buildInside(state))
  preparePaint(state)
  acceptDrops(root, (file) => sendPicture(state, file))
  state.resize = new ResizeObserver(() => { crispenPanels(state); drawChart(state) })
  state.resize.observe(root)
  return state
}

/** Colours of the two regions of the frame, in the theme in force. */
function paintRegions(root) {
  const { series } = readColours(root)
  root.style.setProperty("--centre", series[2])
  root.style.setProperty("--sky", series[5])
}

function leave(state) {
  state.leave?.()
  state.leave = null
  stopWaiting(state)
  leaveInside(state)
  clearTimeout(state.tellTimer)
  sidesOf(state).forEach(closeSide)
  state.left = true
}

/** Takes over what the address says; a galaxy is found where it names none. */
function adopt(state, view) {
  Object.assign(state, { left: false, said: null })
  state.want = { ...view, hidden: view.hidden && [...view.hidden] }
  followAll(state)
  showControls(state)
  refreshScene(state)
  if (state.want.row === null && state.want.upload === null) randomGalaxy(state)
  else wantExact(state, 0)
}

function buildStage(state) {
  state.slider = el("input", { type: "range", min: 0, max: 10000, step: 1, "aria-label": "Masking ratio" })
  state.slider.oninput = () => drag(state, state.slider.value / 10000)
  state.slider.onchange = () => tellNow(state)
  state.slider.onkeydown = (event) => slideByKey(state, event)
  state.readout = el("output", { class: "readout" })
  state.figures = el("div", { class: "figures", role: "status" })
  state.row = el("div", { class: "stage", tabindex: 0, role: "group", "aria-label": "Pictures. Left and right arrow keys go to the galaxy before and after." },
    PANELS.map((name) => state.panels[name].box),
    el("div", { class: "ratio" }, el("span", { class: "gx-soft" }, "masked"), state.slider, state.readout), state.figures)
  state.row.onkeydown = (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key]
    if (!step || event.target !== state.row) return
    event.preventDefault()
    stepGalaxy(state, step)
  }
  return state.row
}

/** The hand is on the ratio: everything follows at once, the server is asked where it rests. */
function drag(state, ratio) {
  state.want.ratio = ratio
  state.want.hidden &&= null
  refreshScene(state)
  wantExact(state)
}

function slideByKey(state, event) {
  const length = state.grid?.length
  const many = Math.max(Math.round((length ?? 0) / 20), 1)
  const change = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: many, PageDown: -many, Home: -length, End: length }[event.key]
  if (!length || change === undefined) return
  event.preventDefault()
  drag(state, ratioByPatches(length, state.want.ratio, change))
  tellSoon(state)
}

/** The page's script hears it once, when the hand has come to rest; the address follows. */
function tellSoon(state) {
  clearTimeout(state.tellTimer)
  state.tellTimer = setTimeout(() => tellNow(state), TELL_MS)
}

function tellNow(state) {
  clearTimeout(state.tellTimer)
  const said = JSON.stringify(state.want)
  if (said === state.said) return
  state.said = said
  state.say(JSON.parse(said))
}

/** The mask in force: by hand, by rank, or as the server has drawn it. */
function maskNow(state) {
  if (!state.grid) return null
  const { length } = state.grid
  if (state.want.hidden) return maskOfHidden(state.want.hidden, length)
  const ranks = ranksNow(state)
  if (ranks) return maskAtRatio(ranks, state.want.ratio)
  const { exact } = state.sides.a
  return exactFits(state, state.sides.a) || !state.mask ? maskOfKept(exact.result.ids_keep, length) : state.mask
}

function refreshScene(state) {
  state.mask = maskNow(state)
  drawScene(state)
  showMaskWords(state)
  showFigures(state)
  drawChart(state)
  followInside(state)
}

/** Ratio in words and on the slider. */
function showMaskWords(state) {
  const { ratio, hidden } = state.want
  const share = hidden && state.grid ? hidden.length / state.grid.length : ratio
  const value = String(Math.round(10000 * share))
  if (state.slider.value !== value) state.slider.value = value
  state.readout.textContent = percent(share)
  state.slider.setAttribute("aria-valuetext", percent(share))
}
