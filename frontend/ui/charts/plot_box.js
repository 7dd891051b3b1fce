// The box around a panel of curves: cross-hair, zoom mark, values, words where nothing is drawn, and the saving of figures.

import { el } from "../kit/dom.js"
import { sentence } from "../kit/format.js"
import { listenToPlot } from "./pointer.js"
import { savePanel } from "./plotly.js"

/** @import { Panel } from "./panel.js" */
/** @import { PlotGroup } from "./pointer.js" */

/** A plot of a group; `drawn` is the panel as it was drawn last, null while nothing is drawn.
 * @param {PlotGroup} group
 * @param {HTMLElement} graph what is drawn on
 * @param {string} title
 */
export function plotBox(group, graph, title) {
  const cross = el("i", { class: "cross", hidden: true }), mark = el("i", { class: "mark", hidden: true })
  const values = el("div", { class: "values", hidden: true }), wait = el("p", { class: "wait gx-soft" })
  const plot = el("div", { class: "plot", role: "img", tabindex: 0, "aria-label": title }, graph, cross, mark, values, wait)
  const problem = el("span", { class: "gx-tone-bad", role: "alert" })
  const box = { plot, cross, mark, values, wait, problem, save: el("span", { class: "save" }), drawn: /** @type {Panel | null} */ (null) }
  box.save.append(...(/** @type {const} */ (["png", "svg"])).map((format) => {
    const name = format.toUpperCase()
    return el("button", { title: `Save the figure as ${name}`, "aria-label": `Save ${title} as ${name}`, onclick: () => saveFigure(group, box, format) }, name)
  }), problem)
  listenToPlot(group, box)
  return box
}

/** @typedef {ReturnType<typeof plotBox>} PlotBox */

/** @param {PlotGroup} group @param {PlotBox} box @param {"png" | "svg"} format */
async function saveFigure(group, box, format) {
  box.problem.textContent = ""
  if (!box.drawn) return
  try {
    await savePanel(box.drawn, group.tint, format)
  } catch (error) {
    box.problem.textContent = sentence(`the figure could not be saved: ${error instanceof Error ? error.message : error}`)
  }
}
