// A sweep over one axis: means as a line, seeds as dots, untrained baselines as dashed lines.

import { spaced } from "../../ui/charts/axes.js"
import { across, endNames, figure, pathThrough, plotOf, rows, svg, tick, titled } from "../../ui/charts/svg_chart.js"
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
  const box = plotOf(width, LINE), plot = { ...box, y: (/** @type {number} */ value) => box.y(scale.at(value)) }, { left, right, y } = plot
  const x = (/** @type {number} */ share) => left + LINE.inset + share * (right - left - 2 * LINE.inset)
  const at = (/** @type {Setting} */ { values, words }) => x(places.at(values[0], words[0]))
  const means = measured(data.settings).sort((one, other) => at(one) - at(other))
  const ends = data.references.map(([word, value]) => ({ word, kind: "tick", x: right, y: y(value) }))
  const marks = spaced(places.ticks, ([share]) => x(share), ([, words], [, before]) => 6 + 6.2 * Math.max(words.length, before.length))
  return figure(plot, `${figureTitle(data)}, over ${axis.field}. ${means.map((one) => settingWords(data, one)).join("; ")}.`,
    tick(figureTitle(data), 0, 10, "start"), rows(plot, scale.ticks, scale.words),
    marks.map(([share, words]) => tick(words, x(share), plot.foot + 18)),
    tick(`${axis.label}${axis.log ? " (log)" : ""}`, (left + right) / 2, LINE.height - 6),
    data.references.map(([, value]) => across(left, right, y(value), "dashed")),
    axis.numeric ? svg("path", { class: "mean", d: pathThrough(means.map((one) => [at(one), y(one.mean)])) }) : null,
    data.settings.flatMap((one) => one.runs.map((run) => (isNumber(run.best) ? seedDot(state, data, one, run, at(one), y(run.best)) : null))),
    means.map((one) => svg("path", { class: "bar", d: `M${at(one) - 7} ${y(one.mean).toFixed(1)}h14` })),
    endNames(ends, LINE.top, plot.foot))
}

/** @param {State} state @param {Sweep} data @param {Setting} setting @param {Seed} run @param {number} x @param {number} y */
function seedDot(state, data, setting, run, x, y) {
  const words = `seed ${run.seed}: ${atEpoch(data.objective, run.best ?? 0, run.best_epoch)}${run.early ? ", stopped early" : ""}`
  const dot = titled(svg("circle", { class: run.early ? "seed early" : "seed", cx: x.toFixed(1), cy: y.toFixed(1), r: 4.5 }), `${valueWords(data, setting)}, ${words}`)
  dot.onclick = () => { if (run.id) state.pick(run.id) }
  return dot
}
