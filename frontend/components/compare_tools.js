// What stands above the panels: the choices, the legend, and what has to be said.

const BAND_WORDS = { std: "± sample standard deviation", range: "lowest to highest" }

function renewTools(state) {
  const { look } = state
  state.unzoom ??= el("button", { "data-item": "zoom", onClick: () => setZoom(state, null) }, "Reset zoom")
  state.unzoom.hidden = state.zoom === null
  const seeds = state.data.groups.some((group) => group.runs.length > 1)
  const before = look.x === "flops" && state.data.runs.some((run) => run.before > 0)
  const tools = [
    pick(state, "x", "x axis", Object.keys(X_AXES).map((x) => [x, x === "flops" ? "FLOPs" : x])),
    before ? check(state, "pretraining", "pretraining included", "Counts the whole pretraining of the encoder before the first step") : null,
    smoothingOf(state), check(state, "log", "log loss", "Loss on a logarithmic axis"),
    seeds ? check(state, "group", "group seeds", "One line for runs that differ in their seed only: their mean, where all of them have points") : null,
    seeds && look.group ? pick(state, "band", "band", [["std", "± std"], ["range", "min–max"]]) : null,
    mostOf(state), state.unzoom,
  ]
  renew(state.tools, tools)
}

function changeLook(state, change) {
  Object.assign(state.look, change)
  state.tell()
  takeData(state)
}

function pick(state, name, label, choices) {
  const buttons = choices.map(([value, words]) => el("button", { "aria-pressed": String(state.look[name] === value), onClick: () => changeLook(state, { [name]: value }), "data-item": value }, words))
  return el("div", { class: "choice", "data-item": name, role: "group", "aria-label": label }, el("span", { class: "gx-soft" }, label), buttons)
}

function check(state, name, words, title) {
  const box = el("input", { type: "checkbox", checked: state.look[name] })
  box.onchange = () => changeLook(state, { [name]: box.checked })
  return el("label", { class: "toggle", "data-item": name, title }, box, words)
}

function smoothingOf(state) {
  const slider = el("input", { type: "range", min: 0, max: 0.98, step: 0.02, value: state.look.smoothing })
  const shown = el("output", {}, state.look.smoothing.toFixed(2))
  slider.oninput = () => {
    state.look.smoothing = Number(slider.value)
    shown.textContent = state.look.smoothing.toFixed(2)
    redraw(state)
  }
  slider.onchange = () => state.tell()
  return el("label", { class: "smoothing", "data-item": "smoothing", title: "Moving average of what is recorded at every step" }, "smoothing", slider, shown)
}

function mostOf(state) {
  const field = el("input", { type: "number", min: 1, max: 50, value: state.look.most, "aria-label": "Most runs drawn at once" })
  field.onchange = () => { takeText(field); changeLook(state, { most: Math.min(Math.max(Math.round(Number(field.value)) || 10, 1), 50) }) }
  return el("label", { class: "most", "data-item": "most", title: "Newest first" }, "at most", field, "runs")
}

function swatch(state, style) {
  const kind = ["solid", "dashed", "dotted"][style.dash] ?? "dotted"
  return el("i", { class: "swatch", style: `border-top: 2px ${kind} ${state.tint.series[style.colour]}` })
}

/** The legend, a button a line. */
function drawLegend(state) {
  const lines = new Map()
  for (const key of state.data.keys) for (const line of memoLines(state, key)) if (!lines.has(line.id)) lines.set(line.id, line)
  const buttons = [...lines.values()].map((line) => {
    const shown = !state.hidden.has(line.id)
    const words = line.n > 1 ? ` · N = ${line.n}` : ""
    const button = el("button", { "data-line": line.id, "aria-pressed": String(shown), title: "Show or hide" }, swatch(state, line.style), el("span", {}, line.title), words ? el("em", {}, words) : null)
    button.onclick = () => {
      if (!state.hidden.delete(line.id)) state.hidden.add(line.id)
      redraw(state)
    }
    return button
  })
  renew(state.keys, buttons)
}

function drawNotes(state) {
  const { runs } = state.data
  const words = []
  if (runs.length > state.shown.length) words.push(`${state.shown.length} of ${runs.length} chosen runs are drawn, the newest.`)
  if (grouping(state)) words.push(`Line: mean over seeds where all of them have points; band: ${BAND_WORDS[state.look.band]}.`)
  const unknown = state.look.x === "flops" ? state.shown.filter((run) => !exists(run.flops) || (state.look.pretraining && !exists(run.before))) : []
  if (unknown.length) words.push(`FLOPs not known, so not drawn: ${unknown.map((run) => run.title).join(", ")}.`)
  if (state.look.x === "flops") words.push("Forward and backward of training steps; evaluations are not counted.")
  if (state.shown.some((run) => state.feeds.get(run.id).thinned)) words.push("Long curves are thinned, their extremes kept.")
  state.notes.textContent = words.join(" ")
}
