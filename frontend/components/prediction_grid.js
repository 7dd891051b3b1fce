// Predictions as a grid of galaxies: what each is, what it was called, and how surely; Enter opens one.

const predictionGrids = makeStore()

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".gx-prediction_grid")
  const state = predictionGrids(parentElement, () => build(root))
  const wanted = JSON.stringify(data)
  if (wanted === state.drawn) return
  state.drawn = wanted
  state.data = data
  if (state.view.node.open) state.view.node.close()
  state.cells.replaceChildren(...data.predictions.map((one, i) => cellOf(state, one, i)))
}

function build(root) {
  const state = { at: 0 }
  state.cells = el("div", { class: "cells", role: "group", "aria-label": "Galaxies of this choice" })
  state.cells.onkeydown = (event) => moveAmong(state.cells, event)
  state.view = galaxyDialog((step) => { if (state.data.predictions[state.at + step]) open(state, state.at + step) })
  root.replaceChildren(state.cells, state.view.node)
  return state
}

const className = (state, index) => state.data.classes[index] ?? "none"
const isRight = (one) => one.true === one.predicted

function wordsOf(state, one) {
  const share = percent(one.confidence)
  return isRight(one) ? `${className(state, one.true)}, called so, ${share} sure` : `${className(state, one.true)}, called ${className(state, one.predicted)}, ${share} sure`
}

function cellOf(state, one, index) {
  const mark = isRight(one) ? svgShape("ring", "M3 8.5l3.5 3.5L13 4.5") : svgShape("ring", "M4 4l8 8M12 4l-8 8")
  const words = wordsOf(state, one)
  const button = el("button", { tabindex: index ? -1 : 0, title: `row ${one.row} · ${words}`, "data-row": one.row },
    state.data.of ? galaxyPicture(state.data.of, one.row, 160, `Galaxy ${one.row}: ${words}`) : el("span", { class: "gx-bone gone" }, `row ${one.row}`),
    el("span", { class: "caption" }, className(state, one.true)),
    el("span", { class: `caption called ${isRight(one) ? "gx-tone-good" : "gx-tone-bad"}` }, mark,
      el("span", { class: "what" }, isRight(one) ? "called so" : className(state, one.predicted)), el("b", {}, percent(one.confidence))))
  button.onclick = () => open(state, index)
  return button
}

function open(state, index) {
  state.at = index
  const one = state.data.predictions[index], of = state.data.of
  const image = of ? galaxyPicture(of, one.row, 512, `Galaxy ${one.row}`) : null
  if (image) image.className = 512 > 2 * of.img_size - 1 ? "crisp" : ""
  const facts = [["row", String(one.row)], ["split", one.split], ["source", one.source_id], ["true", className(state, one.true)],
    ["called", className(state, one.predicted)], ["confidence", percent(one.confidence)]].filter(([, value]) => value)
  fillDialog(state.view, image,
    el("dl", {}, facts.flatMap(([key, value]) => [el("dt", {}, key), el("dd", {}, value)])),
    probabilities(state, one), of?.simulated ? el("p", {}, el("span", { class: "gx-tag" }, "simulated")) : null, ...onward(state, one))
}

/** Every class with its probability, the most probable first; the true one and the called one say so. */
function probabilities(state, one) {
  const ranked = one.probabilities.map((share, i) => [i, share]).sort((a, b) => b[1] - a[1])
  return el("table", { class: "shares", "aria-label": "Probability of each class" }, ranked.map(([i, share]) =>
    el("tr", { class: i === one.true ? "true" : "" },
      el("th", { scope: "row" }, className(state, i), i === one.true ? el("small", {}, "true") : null),
      el("td", { class: "track" }, el("i", { style: `width:${100 * share}%` })), el("td", { class: "num" }, percent(share)))))
}

function onward(state, one) {
  const of = state.data.of
  if (!of) return []
  const link = (href, word, note) => el("a", { class: "onward", href, title: note }, word)
  const label = state.data.classes[one.true]
  return [
    state.data.encoder ? link(`/reconstruct?${new URLSearchParams({ run: state.data.encoder, dataset: of.dataset, row: one.row })}`, "Reconstruct", "What the encoder's run makes of it, half seen") : null,
    label ? link(`/data?${new URLSearchParams({ dataset: of.dataset, label })}`, `All ${label} in Data`, "Its class on the Data page") : null]
}
