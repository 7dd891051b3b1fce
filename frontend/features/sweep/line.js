// A sweep over one axis: means as a line, seeds as dots, untrained baselines as dashed lines.

import { endNames, svg, tick } from "../../ui/charts/svg_chart.js"
import { isNumber } from "../../ui/kit/format.js"
import { axisScale, figureScale, figureTitle, figureWords, settingWords } from "./scales.js"

const LINE = { height: 300, top: 26, right: 112, bottom: 42, left: 46, inset: 14 }

export function sweepLine(state, data, width) {
  const [axis] = data.axes
  const scale = figureScale(data)
  const places = axisScale(axis, data.settings.map(({ values }) => values[0]))
  const right = width - LINE.right
  const x = (share) => LINE.left + LINE.inset + share * (right - LINE.left - 2 * LINE.inset)
  const y = (value) => LINE.height - LINE.bottom - scale.at(value) * (LINE.height - LINE.top - LINE.bottom)
  const at = ({ values, words }) => x(places.at(values[0], words[0]))
  const means = data.settings.filter(({ mean }) => isNumber(mean)).sort((one, other) => at(one) - at(other))
  const ends = data.references.map(([word, value]) => ({ word, kind: "tick", x: right + 8, y: y(value) }))
  return svg("svg", { viewBox: `0 0 ${width} ${LINE.height}`, width, height: LINE.height, role: "img", "aria-label": `${figureTitle(data)}, over ${axis.field}. ${means.map((one) => settingWords(data, one)).join("; ")}.` },
    tick(figureTitle(data), 0, 10, "start"),
    scale.ticks.map((value) => [svg("line", { class: "grid", x1: LINE.left, x2: right, y1: y(value), y2: y(value) }), tick(scale.words(value), LINE.left - 8, y(value) + 4, "end")]),
    spacedTicks(places.ticks, x, width).map(([share, words]) => tick(words, x(share), LINE.height - LINE.bottom + 18)),
    tick(`${axis.label}${axis.log ? " (log)" : ""}`, (LINE.left + right) / 2, LINE.height - 6),
    data.references.map(([, value]) => svg("line", { class: "reference", x1: LINE.left, x2: right, y1: y(value), y2: y(value) })),
    axis.numeric ? svg("path", { class: "mean", d: means.map((one, i) => `${i ? "L" : "M"}${at(one).toFixed(1)} ${y(one.mean).toFixed(1)}`).join("") }) : null,
    data.settings.map((one) => one.runs.filter(({ best }) => isNumber(best)).map((run) => seedDot(state, data, one, run, at(one), y(run.best)))),
    means.map((one) => svg("path", { class: "bar", d: `M${at(one) - 7} ${y(one.mean).toFixed(1)}h14` })),
    endNames(ends, LINE.top, LINE.height - LINE.bottom))
}

/** Ticks whose labels do not overlap; of two overlapping ones the first is kept. */
function spacedTicks(ticks, x, width) {
  const sorted = [...ticks].sort(([one], [other]) => one - other)
  const kept = []
  for (const one of sorted) if (!kept.length || x(one[0]) - x(kept.at(-1)[0]) > 6 + 6.2 * Math.max(one[1].length, kept.at(-1)[1].length)) kept.push(one)
  return kept
}

/** The same for vertically stacked ticks. */
export function stackedTicks(ticks, y) {
  const kept = []
  for (const one of [...ticks].sort(([low], [high]) => low - high)) if (!kept.length || Math.abs(y(one[0]) - y(kept.at(-1)[0])) > 13) kept.push(one)
  return kept
}

function seedDot(state, data, setting, run, x, y) {
  const words = `seed ${run.seed}: ${figureWords(data.objective, run.best)} at epoch ${Number(run.best_epoch.toPrecision(4))}${run.early ? ", stopped early" : ""}`
  const dot = svg("circle", { class: run.early ? "seed early" : "seed", cx: x.toFixed(1), cy: y.toFixed(1), r: 4.5 })
  dot.append(svg("title", {}, `${data.axes.map(({ field }, i) => `${field} ${setting.words[i]}`).join(", ")}, ${words}`))
  dot.onclick = () => run.id && state.pick(run.id)
  return dot
}
