// A sweep over one axis: means as a line, seeds as dots, untrained baselines as dashed lines.

import { spaced } from "../../ui/charts/axes.js"
import { endNames, svg, tick } from "../../ui/charts/svg_chart.js"
import { isNumber } from "../../ui/kit/format.js"
import { atEpoch, axisScale, figureScale, figureTitle, measured, settingWords, valueWords } from "./scales.js"

/** @import { Seed, Setting, Sweep } from "./scales.js" */
/** @import { State } from "./sweep_results.js" */

const LINE = { height: 300, top: 26, right: 112, bottom: 42, left: 46, inset: 14 }

/** @param {State} state @param {Sweep} data @param {number} width */
export function sweepLine(state, data, width) {
  const [axis] = data.axes
  const scale = figureScale(data)
  const places = axisScale(axis, data.settings.map(({ values }) => values[0]))
  const right = width - LINE.right, foot = LINE.height - LINE.bottom
  const x = (/** @type {number} */ share) => LINE.left + LINE.inset + share * (right - LINE.left - 2 * LINE.inset)
  const y = (/** @type {number} */ value) => foot - scale.at(value) * (foot - LINE.top)
  const at = (/** @type {Setting} */ { values, words }) => x(places.at(values[0], words[0]))
  const means = measured(data.settings).sort((one, other) => at(one) - at(other))
  const ends = data.references.map(([word, value]) => ({ word, kind: "tick", x: right + 8, y: y(value) }))
  const marks = spaced(places.ticks, ([share]) => x(share), ([, words], [, before]) => 6 + 6.2 * Math.max(words.length, before.length))
  return svg("svg", { viewBox: `0 0 ${width} ${LINE.height}`, width, height: LINE.height, role: "img", "aria-label": `${figureTitle(data)}, over ${axis.field}. ${means.map((one) => settingWords(data, one)).join("; ")}.` },
    tick(figureTitle(data), 0, 10, "start"),
    scale.ticks.map((value) => [svg("line", { class: "grid", x1: LINE.left, x2: right, y1: y(value), y2: y(value) }), tick(scale.words(value), LINE.left - 8, y(value) + 4, "end")]),
    marks.map(([share, words]) => tick(words, x(share), foot + 18)),
    tick(`${axis.label}${axis.log ? " (log)" : ""}`, (LINE.left + right) / 2, LINE.height - 6),
    data.references.map(([, value]) => svg("line", { class: "reference", x1: LINE.left, x2: right, y1: y(value), y2: y(value) })),
    axis.numeric ? svg("path", { class: "mean", d: means.map((one, i) => `${i ? "L" : "M"}${at(one).toFixed(1)} ${y(one.mean).toFixed(1)}`).join("") }) : null,
    data.settings.flatMap((one) => one.runs.map((run) => (isNumber(run.best) ? seedDot(state, data, one, run, at(one), y(run.best)) : null))),
    means.map((one) => svg("path", { class: "bar", d: `M${at(one) - 7} ${y(one.mean).toFixed(1)}h14` })),
    endNames(ends, LINE.top, foot))
}

/** @param {State} state @param {Sweep} data @param {Setting} setting @param {Seed} run @param {number} x @param {number} y */
function seedDot(state, data, setting, run, x, y) {
  const words = `seed ${run.seed}: ${atEpoch(data.objective, run.best ?? 0, run.best_epoch)}${run.early ? ", stopped early" : ""}`
  const dot = svg("circle", { class: run.early ? "seed early" : "seed", cx: x.toFixed(1), cy: y.toFixed(1), r: 4.5 },
    svg("title", {}, `${valueWords(data, setting)}, ${words}`))
  dot.onclick = () => { if (run.id) state.pick(run.id) }
  return dot
}
