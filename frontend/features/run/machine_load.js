// Machine usage of a worker: small charts of CPU, memory and GPU over a common time axis.

import { roundUp } from "../../ui/charts/axes.js"
import { chartStore, figure, plotOf, rows, svg, tick } from "../../ui/charts/svg_chart.js"
import { makeStore } from "../../ui/kit/component.js"
import { el, find } from "../../ui/kit/dom.js"
import { digits, duration, isNumber, sentence } from "../../ui/kit/format.js"
import { live } from "../../ui/kit/poll.js"

/** @import { RunLoad } from "../../api/contract.d.ts" */
/** @import { Chart } from "../../ui/charts/svg_chart.js" */
/** @import { Mounting } from "../../ui/kit/mount.d.ts" */

/** @type {ReturnType<typeof makeStore<Chart<RunLoad> & { leave?: () => void }>>} */
const loads = makeStore()
const GAP_S = 60 // a longer gap between samples breaks the line
const LOAD = { height: 96, top: 22, bottom: 22, left: 56, right: 16 }
/** @type {[key: Exclude<keyof RunLoad, "time">, words: string, unit: number][]} */
const SERIES_OF_LOAD = [
  ["cpu_percent", "CPU, cores", 100], ["rss_bytes", "Memory, GB", 1e9], ["gpu_percent", "GPU utilisation, %", 1],
  ["gpu_memory_bytes", "GPU memory, GB", 1e9], ["gpu_watts", "GPU power, W", 1],
]

/** @param {Mounting<{ run_id: string, ended: boolean }>} mounting */
export default function ({ data, parentElement }) {
  const root = find(parentElement, ".gx-machine_load")
  const state = loads(parentElement, () => chartStore(root, loadCharts))
  state.resize.observe(root)
  state.leave?.()
  state.leave = live("/runs/{run_id}/load", { run_id: data.run_id }, () => (data.ended ? 0 : 10000), (load) => {
    if (load.data) state.data = load.data
    else if (load.error) root.replaceChildren(el("p", { class: "gx-tone-bad" }, sentence(load.error)))
    state.draw()
  })
  return () => { state.leave?.(); state.resize.disconnect() }
}

/** @param {RunLoad} load @param {number} width */
function loadCharts(load, width) {
  if (!load.time.length) return el("p", { class: "gx-soft" }, "No data yet. Usage is sampled every 10 s.")
  const known = SERIES_OF_LOAD.filter(([key]) => load[key].some(isNumber))
  return known.map(([key, words, unit], i) =>
    loadChart(load.time, load[key].map((value) => (isNumber(value) ? value / unit : null)), words, width, i === known.length - 1))
}

/** @param {number[]} time @param {(number | null)[]} values @param {string} words @param {number} width @param {boolean} last */
function loadChart(time, values, words, width, last) {
  const seconds = time[time.length - 1] - time[0], span = Math.max(seconds, 10)
  const known = values.filter(isNumber), most = Math.max(...known), top = most > 0 ? roundUp(most, [1, 2, 4, 5, 8, 10]) : 1
  const plot = plotOf(width, LOAD, [time[0], time[0] + span], [0, top]), { x, y, left, right } = plot
  const figures = `mean ${digits(known.reduce((sum, value) => sum + value, 0) / known.length)}, max ${digits(most)}`
  return figure({ width, height: LOAD.height + (last ? 16 : 0) }, `${words}: ${figures}`,
    tick(words, 0, 12, "start"), tick(figures, right, 12, "end", "strong"), rows(plot, [0, top / 2, top], digits),
    svg("path", { class: "curve", d: brokenLine(time, values, x, y) }),
    values.length === 1 ? svg("circle", { class: "dot", cx: x(time[0]), cy: y(known[0]), r: 3 }) : null,
    [0, 0.5, 1].map((share) => tick(duration(share * span), x(time[0] + share * span), LOAD.height - 4, share === 0 ? "start" : share === 1 ? "end" : "middle")),
    last ? tick("time since first sample", (left + right) / 2, LOAD.height + 12) : null)
}

/** The path of the known values, with gaps where samples are missing.
 * @param {number[]} time @param {(number | null)[]} values @param {(time: number) => number} x @param {(value: number) => number} y */
export function brokenLine(time, values, x, y) {
  const gap = Math.max(GAP_S, (3 * (time[time.length - 1] - time[0])) / time.length)
  return values.map((value, i) => {
    if (!isNumber(value)) return ""
    const joined = i && isNumber(values[i - 1]) && time[i] - time[i - 1] < gap
    return `${joined ? "L" : "M"}${x(time[i]).toFixed(1)} ${y(value).toFixed(1)}`
  }).join("")
}
