// A panel of curves as a Plotly figure: drawn on Run, and saved as PNG or SVG from Run and Compare.

import { API } from "../kit/api.js"
import { isNumber } from "../kit/format.js"
import { prefixed } from "./axes.js"
import { endNames, frameOf, ticksOfX, ticksOfY } from "./panel.js"

/** @import { Line, Panel, Style } from "./panel.js" */
/** @import { Tint } from "./palette.js" */
/** The part of plotly.js that is used here.
 * @typedef {{
 *   react: (graph: HTMLElement, data: object[], layout: object, config: object) => Promise<unknown>,
 *   purge: (graph: HTMLElement) => void,
 *   toImage: (figure: { data: object[], layout: object }, options: object) => Promise<string>,
 * }} Plotly
 */

const DASH_NAMES = ["solid", "dash", "dot"]
const STILL = { staticPlot: true, displayModeBar: false, responsive: false }
const FEW_POINTS = 60
const NAME_PX = 6 // of a letter at the end of a line, about
const SAVED = { width: 960, height: 540, top: 40 }

/** @type {Promise<Plotly> | undefined} */
let plotly

/** Loads plotly.js from this server, once per page. Rejects with TypeError without a connection.
 * @returns {Promise<Plotly>}
 */
export function loadPlotly() {
  return (plotly ??= new Promise((resolve, reject) => {
    const script = document.createElement("script")
    script.src = `${API}/vendor/plotly.min.js`
    script.onload = () => resolve(/** @type {any} */ (globalThis).Plotly)
    script.onerror = () => {
      plotly = undefined
      script.remove()
      reject(new TypeError("plotly.min.js did not load"))
    }
    document.head.append(script)
  }))
}

/** Draws a panel, or updates the graph that is there.
 * @param {Plotly} library @param {HTMLElement} graph @param {Panel} panel @param {Tint} tint
 * @param {number} revision a new one if points were added in place, as Plotly compares arrays by identity
 */
export function drawPanel(library, graph, panel, tint, revision) {
  const { data, layout } = figureOf(panel, tint)
  return library.react(graph, data, { ...layout, datarevision: revision }, STILL)
}

/** Saves a panel as a file with title and axis titles.
 * @param {Panel} panel @param {Tint} tint @param {"png" | "svg"} format
 */
export async function savePanel(panel, tint, format) {
  const library = await loadPlotly()
  const { width, height, top } = SAVED
  const right = panel.frame.right < 60 ? 160 : Math.max(panel.frame.right, 160)
  const frame = { ...frameOf(width, height, right, top), left: 84, inner: width - 84 - right, tall: height - top - 56 }
  const { data, layout } = figureOf({ ...panel, frame }, tint)
  const many = panel.lines.length > 5
  const written = { ...layout, title: { text: plain([panel.title, panel.subject].filter(Boolean).join(" · ")), x: 0.02, xanchor: "left", font: { size: 15, color: tint.text } }, showlegend: many,
    paper_bgcolor: tint.ground, plot_bgcolor: tint.ground, margin: { l: 84, r: right, t: top, b: 56, pad: 0 },
    yaxis: { ...layout.yaxis, title: { text: panel.unitTitle, font: { size: 12, color: tint.soft } } } }
  const url = await library.toImage({ data, layout: written }, { format, width, height, scale: format === "png" ? 2 : 1 })
  const link = Object.assign(document.createElement("a"), { href: url, download: `${[panel.subject, panel.title].filter(Boolean).join("-").replace(/[^\p{L}\d.-]+/gu, "-")}.${format}` })
  link.click()
}

/** @param {Panel} panel @param {Tint} tint */
export function figureOf(panel, tint) {
  const { frame, x, y, log, lines, references, mark } = panel
  const axis = { gridcolor: tint.line, gridwidth: 1, zeroline: false, linecolor: tint.line, tickfont: { size: 11, color: tint.soft }, automargin: false, fixedrange: true }
  const ticks = ticksOfX(panel), rows = ticksOfY(panel)
  return {
    data: lines.flatMap((line) => tracesOf(line, tint)),
    layout: {
      width: frame.width, height: frame.height, autosize: false, showlegend: false, hovermode: false, dragmode: false,
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { family: tint.font, size: 11, color: tint.soft },
      margin: { l: frame.left, r: frame.right, t: frame.top, b: frame.height - frame.top - frame.tall, pad: 0 },
      xaxis: { ...axis, range: x, tickvals: ticks, ticktext: ticks.map(prefixed), title: { text: panel.axisTitle, standoff: 4, font: { size: 11, color: tint.soft } } },
      yaxis: { ...axis, range: y, type: log ? "log" : "linear", tickvals: rows.map(({ value }) => value), ticktext: rows.map(({ words }) => words) },
      shapes: [...references.map(({ value, style }) => ({ type: "line", xref: "paper", x0: 0, x1: 1, y0: value, y1: value, layer: "below", opacity: 0.85,
        line: { color: colourOf(style, tint), width: 1, dash: DASH_NAMES[style?.dash ?? 1] } })),
      ...(mark ? [{ type: "line", x0: mark.x, x1: mark.x, yref: "paper", y0: 0, y1: 1, line: { color: tint.soft, width: 1, dash: "dash" } }] : [])],
      annotations: [...endNames(panel).map(({ words, style, reference, at }) => ({ text: plain(shortened(words, frame.right - 10)), showarrow: false, xref: "paper", x: 1, xanchor: "left", xshift: 6,
        yref: "paper", y: 1 - (at - frame.top) / frame.tall, yanchor: "middle", font: { size: 11, weight: reference ? 400 : 600, color: colourOf(style, tint) } })),
      ...(mark ? [{ text: mark.words, showarrow: false, x: mark.x, yref: "paper", y: 1, yanchor: "bottom", xanchor: mark.x > (x[0] + x[1]) / 2 ? "right" : "left", font: { size: 10, color: tint.soft } }] : [])],
    },
  }
}

/** Plotly reads tags in text. @param {string} text */
const plain = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;")

/** @param {string} text @param {number} width px */
function shortened(text, width) {
  const most = Math.max(Math.floor(width / NAME_PX), 4)
  return text.length > most ? `${text.slice(0, most - 1)}…` : text
}

/** @param {Style | undefined} style @param {Tint} tint */
const colourOf = (style, tint) => (style ? tint.series[style.colour] : tint.soft)

/** The band of a line, its values before smoothing, and the line. @param {Line} line @param {Tint} tint */
function tracesOf(line, tint) {
  const color = colourOf(line.style, tint)
  const base = { type: "scatter", x: line.x, name: plain(line.title), hoverinfo: "skip", showlegend: false, connectgaps: false, mode: "lines" }
  const edge = { ...base, line: { width: 0 } }
  const markers = line.y.filter(isNumber).length <= FEW_POINTS && !line.raw ? "lines+markers" : "lines"
  return [
    ...(line.low && line.high ? [{ ...edge, y: line.low }, { ...edge, y: line.high, fill: "tonexty", fillcolor: `${color}33` }] : []),
    ...(line.raw ? [{ ...base, y: line.raw, line: { color, width: 1 }, opacity: 0.28 }] : []),
    { ...base, y: line.y, mode: markers, showlegend: true, line: { color, width: 1.75, dash: DASH_NAMES[line.style.dash] ?? "dot" }, marker: { color, size: 5 } },
  ]
}
