// Loss of the removed patches against the masking ratio, with the current ratio marked.

const CHART = { height: 150, top: 18, right: 12, bottom: 32, left: 46 }

function svg(tag, props, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag)
  for (const [key, value] of Object.entries(props)) node.setAttribute(key, value)
  node.append(...children.flat(Infinity))
  return node
}

function drawChart(state) {
  const curves = sidesOf(state).filter((side) => ladderFits(state, side))
  const width = state.chart.clientWidth
  const drawn = JSON.stringify([width, curves.map(({ ladder, name }) => [name, ladder.key, ladder.info.losses])])
  if (!width || drawn === state.chartDrawn) return markRatio(state)
  state.chartDrawn = drawn
  state.marker = null
  const points = curves.map(({ ladder: { info } }) => info.ratios.map((x, i) => [x, info.losses[i]]).filter(([, y]) => isNumber(y)))
  if (!points.length || points.some((curve) => !curve.length)) {
    return state.chart.replaceChildren(el("p", { class: "gx-soft" }, "Loss against the masking ratio appears with the first ladder of ratios."))
  }
  const top = Math.max(...points.flat().map(([, y]) => y))
  state.chart.replaceChildren(chartOf(state, points, niceTop(top), width))
  markRatio(state)
}

function chartOf(state, curves, top, width) {
  const { height } = CHART
  const x = (ratio) => CHART.left + ratio * (width - CHART.left - CHART.right)
  const y = (loss) => height - CHART.bottom - (loss / top) * (height - CHART.top - CHART.bottom)
  state.chartX = x
  const ends = endsApart(curves.map((curve) => y(curve.at(-1)[1])))
  state.marker = svg("line", { class: "marker", y1: CHART.top, y2: height - CHART.bottom })
  const text = (words, props) => svg("text", { class: "tick", ...props }, words)
  const words = `Loss of the removed patches against the masking ratio: ${curves[0].map(([r, v]) => `${Math.round(100 * r)} % ${v.toFixed(2)}`).join(", ")}`
  return svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": words },
    [0, top / 2, top].map((value) => [
      svg("line", { class: "grid", x1: x(0), x2: x(1), y1: y(value), y2: y(value) }),
      text(String(Number(value.toPrecision(2))), { x: x(0) - 8, y: y(value) + 4, "text-anchor": "end" })]),
    [0, 0.25, 0.5, 0.75, 1].map((ratio) => text(`${100 * ratio}${ratio === 1 ? " %" : ""}`, { x: x(ratio), y: height - CHART.bottom + 15, "text-anchor": ratio === 1 ? "end" : "middle" })),
    text("loss of this galaxy's removed patches", { x: 0, y: 9 }),
    text("masking ratio", { x: x(0.5), y: height - 3, "text-anchor": "middle" }),
    state.marker,
    curves.map((curve, i) => [
      svg("path", { class: `curve side-${i}`, d: curve.map(([r, v], j) => `${j ? "L" : "M"}${x(r).toFixed(1)} ${y(v).toFixed(1)}`).join("") }),
      curves.length > 1 ? text("AB"[i], { class: `tick end side-${i}`, x: x(curve.at(-1)[0]) + 4, y: ends[i] + 4 }) : []]))
}

/** Where names at the ends of one or two curves do not cover each other. */
function endsApart([first, second]) {
  if (second === undefined) return [first]
  const near = Math.max(12 - Math.abs(second - first), 0) / 2
  return first < second ? [first - near, second + near] : [first + near, second - near]
}

/** The next round figure above. */
function niceTop(value) {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1e-6)))
  return power * [1, 1.2, 1.5, 2, 3, 4, 5, 6, 8, 10].find((factor) => factor * power >= value * 1.02)
}

function markRatio(state) {
  if (!state.marker) return
  const share = state.mask && state.want.hidden ? countHidden(state.mask) / state.mask.length : state.want.ratio
  const at = state.chartX(share).toFixed(1)
  state.marker.setAttribute("x1", at)
  state.marker.setAttribute("x2", at)
}
