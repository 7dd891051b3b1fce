// The map: every galaxy of a dataset in two dimensions. What moves is drawn here; the page's script hears where the
// hand came to rest, and the address follows.

const maps = makeStore()
const MAP_TELL_MS = 300
const BY_WORDS = { class: "class", split: "split", predicted: "called class", right: "right or wrong", confidence: "confidence", redshift: "redshift", flagged: "flags", rating: "rating" }

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".gx-galaxy_map")
  const state = maps(parentElement, () => build(root))
  state.say = (look) => setTriggerValue("look", { ...look, n: ++state.n })
  state.data = data
  readTheme(state)
  keepPanes(state)
  const news = !state.look || ((data.told === null || data.told < state.n) && JSON.stringify(data.look) !== state.adopted && JSON.stringify(data.look) !== state.said)
  if (news) adopt(state)
  follow(state)
  return () => { state.resize.disconnect(); clearTimeout(state.telling) }
}

function build(root) {
  const state = { root, n: 0, at: -1, hidden: new Set(), columns: new Map(), chosen: null, isChosen: new Uint8Array(0), panes: [] }
  state.bar = el("div", { class: "bar" })
  state.legend = el("div", { class: "legend", role: "group", "aria-label": "What colours mean" })
  state.news = el("p", { class: "news gx-tone-bad", role: "alert", hidden: true })
  state.frames = el("div", { class: "frames" })
  state.steps = el("div", { class: "steps", hidden: true })
  state.card = el("div", { class: "card" })
  state.gallery = el("div", { class: "gallery" })
  state.agreedWords = el("p", { class: "agreed", role: "status", hidden: true })
  state.hint = el("p", { class: "gx-soft" }, HINT)
  root.replaceChildren(state.bar, state.news, el("div", { class: "both" }, el("div", { class: "wide" }, state.frames, state.steps, state.legend), el("div", { class: "panel" }, state.card, state.gallery, state.hint)))
  state.resize = new ResizeObserver(() => state.panes.forEach(resized))
  return state
}

function readTheme(state) {
  const colours = readColours(state.root), dark = colours.series === SERIES.dark
  state.theme = { ...colours, ground: colours.ground.slice(0, 7), plain: colours.series[1], unknown: dark ? "#5b6470" : "#b4b8bd", veil: dark ? "rgb(255 255 255 / .08)" : "rgb(0 0 0 / .06)" }
}

/** Takes over what the address says. */
function adopt(state) {
  const { data } = state
  state.adopted = JSON.stringify(data.look)
  state.look = { ...data.look }
  for (const pane of state.panes) if (pane.home) pane.view = readView(data.look[pane.viewName]) ?? pane.home
}

/** Brings points, colours and words to what is wanted; what is here already stays as it is. */
function follow(state) {
  drawBar(state)
  drawSteps(state)
  for (const pane of state.panes) followPane(pane)
  loadColours(state)
  showCard(state)
  drawAgreed(state)
  wantFrames(state)
}

const queryOf = (values) => new URLSearchParams(Object.entries(values).filter(([, value]) => exists(value)))

function complain(state, problem) {
  const words = problem === null ? "" : problem instanceof Refused ? sentence(problem.message) : "The server does not answer; this page keeps what it showed."
  state.news.hidden = !words
  state.news.replaceChildren(words, words ? el("button", { onClick: () => follow(state) }, "Try again") : "")
}

/** A column for each way to colour; that of the classes is always asked for, as words need it. */
async function loadColours(state) {
  const wanted = state.look.colour, { classes, column } = state
  try {
    state.classes = state.data.labelled ? await columnOf(state, "class") : null
    const found = await columnOf(state, wanted)
    if (wanted !== state.look.colour) return
    state.column = found
  } catch (problem) {
    return complain(state, problem)
  }
  if (state.classes !== classes || state.column !== column) recolour(state)
}

function columnOf(state, by) {
  const { of, evaluation } = { of: state.data.of, evaluation: isJudged(by) ? evaluationOf(state) : null }
  const path = `/datasets/${encodeURIComponent(of.dataset)}/colours?${queryOf({ by, evaluation })}`
  const key = `${path} ${of.version}`
  if (!state.columns.has(key)) {
    const coming = ask(path)
    state.columns.set(key, coming)
    coming.catch(() => state.columns.delete(key))
  }
  return state.columns.get(key)
}

const isJudged = (by) => ["predicted", "right", "confidence"].includes(by)

function evaluationOf({ data: { evaluations }, look }) {
  return evaluations.some((one) => one.id === look.evaluation) ? look.evaluation : evaluations[0]?.id
}

function recolour(state) {
  const { column, theme } = state, field = state.panes.find((pane) => pane.field)?.field
  if (!field) return
  const fits = column && column.values.length === field.n
  state.painting = fits ? paintingOf(column, theme) : plainPainting(field.n, theme)
  drawLegend(state)
  state.panes.forEach(describe)
  wantFrames(state)
}

function drawLegend(state) {
  renewLegend(state)
  state.legend.hidden = !state.legend.childNodes.length
}

function renewLegend(state) {
  state.legend.replaceChildren(...(state.column ? legendOf(state.painting, state.hidden, (k, alone) => toggleLook(state, k, alone)) : []))
}

function toggleLook(state, k, alone) {
  const { hidden, painting } = state
  if (alone) {
    const others = [...painting.looks.keys()].filter((other) => other !== k && painting.counts[other])
    const already = !hidden.has(k) && others.every((other) => hidden.has(other))
    hidden.clear()
    if (!already) others.forEach((other) => hidden.add(other))
  } else if (!hidden.delete(k)) hidden.add(k)
  renewLegend(state)
  state.legend.querySelector(`[data-code="${k}"]`)?.focus()
  wantFrames(state)
}

function drawBar(state) {
  const { data, look } = state
  const colours = el("select", { "aria-label": "Colour by" }, data.colours.map((by) => el("option", { value: by, selected: by === look.colour }, BY_WORDS[by])))
  colours.onchange = () => { state.hidden.clear(); change(state, { colour: colours.value }) }
  const judged = isJudged(look.colour) && data.evaluations.length > 1
    ? el("select", { "aria-label": "Evaluation", class: "judged", "data-item": "judged" }, data.evaluations.map((one) => el("option", { value: one.id, selected: one.id === evaluationOf(state) }, one.title)))
    : null
  if (judged) judged.onchange = () => change(state, { evaluation: judged.value })
  const lasso = el("button", { class: "lasso", "data-item": "lasso", "aria-pressed": String(Boolean(state.lasso)), title: "Draw around galaxies to see them in a gallery; with a mouse Shift and drag does the same" }, "Lasso")
  lasso.onclick = () => { state.lasso = !state.lasso; state.frames.classList.toggle("drawing", state.lasso); drawBar(state) }
  renew(state.bar, el("label", { "data-item": "colour" }, el("span", { class: "gx-soft" }, "colour by"), colours), judged, lasso)
}

/** What the person changed: drawn at once, told when the hand rests. */
function change(state, changes) {
  Object.assign(state.look, changes)
  follow(state)
  tellLook(state)
}

function chooseGalaxy(state, index) {
  const galaxy = index >= 0 ? index : null
  if (galaxy === state.look.galaxy) return
  change(state, { galaxy })
}

function clearAll(state) {
  state.panes.forEach((pane) => { pane.line = null })
  if (state.lasso) state.bar.querySelector(".lasso").click()
  hover(state.panes[0], -1)
  if (state.chosen || state.gallery.childNodes.length) select(state, null)
  chooseGalaxy(state, -1)
}

function tellLook(state) {
  clearTimeout(state.telling)
  state.telling = setTimeout(() => {
    const said = JSON.stringify(state.look)
    if (said === state.said) return
    state.said = said
    state.adopted = null
    state.say(JSON.parse(said))
  }, MAP_TELL_MS)
}
