// Machine usage of a worker: small charts of CPU, memory and GPU over a common time axis.

import { chartStore, svg, tick } from "../../ui/charts/svg_chart.js"
import { makeStore } from "../../ui/kit/component.js"
import { el } from "../../ui/kit/dom.js"
import { duration, isNumber, sentence } from "../../ui/kit/format.js"
import { livePath } from "../../ui/kit/poll.js"
import { runPath } from "../../ui/kit/run.js"

const loads = makeStore()
const LOAD = { height: 96, top: 22, bottom: 22, left: 56, right: 16 }
const GAP_S = 60 // a longer gap between samples breaks the line
const SERIES_OF_LOAD = [
  ["cpu_percent", "CPU, cores", (value) => value / 100],
  ["rss_bytes", "Memory, GB", (value) => value / 1e9],
  ["gpu_percent", "GPU utilisation, %", (value) => value],
  ["gpu_memory_bytes", "GPU memory, GB", (value) => value / 1e9],
  ["gpu_watts", "GPU power, W", (value) => value],
]

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".gx-machine_load")
  const state = loads(parentElement, () => chartStore(root, loadCharts))
  const path = `${runPath(data.run_id)}/load`
  state.leave?.()
  state.leave = livePath(path, () => (data.ended ? 0 : 10000), (load) => {
    if (load.data) state.data = load.data
    else if (load.error) root.replaceChildren(el("p", { class: "gx-tone-bad" }, sentence(load.error)))
    state.draw()
  })
  return () => { state.leave(); state.resize.disconnect() }
}

function loadCharts(load, width) {
  if (!load.time.length) return el("p", { class: "gx-soft" }, "No data yet. Usage is sampled every 10 s.")
  const known = SERIES_OF_LOAD.filter(([key]) => load[key].some(isNumber))
  return known.map(([key, words, scale], i) => loadChart(load.time, load[key].map((value) => (isNumber(value) ? scale(value) : null)), words, width, i === known.length - 1))
}

function loadChart(time, values, words, width, last) {
  const span = Math.max(time.at(-1) - time[0], 10), top = niceTop(Math.max(...values.filter(isNumber)))
  const x = (at) => LOAD.left + ((at - time[0]) / span) * (width - LOAD.left - LOAD.right)
  const y = (value) => LOAD.height - LOAD.bottom - (value / top) * (LOAD.height - LOAD.top - LOAD.bottom)
  const mean = values.filter(isNumber).reduce((sum, value) => sum + value, 0) / values.filter(isNumber).length
  const figures = `mean ${short3(mean)}, max ${short3(Math.max(...values.filter(isNumber)))}`
  const height = LOAD.height + (last ? 16 : 0)
  return svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": `${words}: ${figures}` },
    tick(words, 0, 12, "start"), tick(figures, width - LOAD.right, 12, "end", "strong"),
    [0, top / 2, top].map((value) => [svg("line", { class: "grid", x1: LOAD.left, x2: width - LOAD.right, y1: y(value), y2: y(value) }), tick(short3(value), LOAD.left - 8, y(value) + 4, "end")]),
    svg("path", { class: "curve", d: brokenLine(time, values, x, y) }),
    values.length === 1 ? svg("circle", { class: "dot", cx: x(time[0]), cy: y(values[0]), r: 3 }) : null,
    [0, 0.5, 1].map((share) => tick(duration(share * span), x(time[0] + share * span), LOAD.height - 4, share === 0 ? "start" : share === 1 ? "end" : "middle")),
    last ? tick("time since first sample", (LOAD.left + width - LOAD.right) / 2, LOAD.height + 12) : null)
}

function brokenLine(time, values, x, y) {
  return values.map((value, i) => {
    if (!isNumber(value)) return ""
    const joined = i && isNumber(values[i - 1]) && time[i] - time[i - 1] < Math.max(GAP_S, (3 * (time.at(-1) - time[0])) / time.length)
    return `${joined ? "L" : "M"}${x(time[i]).toFixed(1)} ${y(value).toFixed(1)}`
  }).join("")
}

const short3 = (value) => String(Number(value.toPrecision(3)))

/** The next round number not below `most`. */
function niceTop(most) {
  if (!(most > 0)) return 1
  const power = 10 ** Math.floor(Math.log10(most))
  return [1, 2, 4, 5, 8, 10].map((n) => n * power).find((n) => n >= most)
}
