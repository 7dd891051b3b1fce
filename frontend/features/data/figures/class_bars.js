// Class counts as bars; a click filters by class.

import { makeStore } from "../../../ui/kit/component.js"
import { el } from "../../../ui/kit/dom.js"
import { grouped, percent } from "../../../ui/kit/format.js"

const bars = makeStore()

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".gx-class_bars")
  bars(parentElement, () => ({}))
  const largest = Math.max(1, ...data.counts.map(([, n]) => n))
  root.replaceChildren(...data.counts.map(([name, n]) => {
    const row = el("button", { "aria-pressed": String(name === data.selected), title: `Show only ${name}` },
      el("span", { class: "name" }, name), el("span", { class: "track" }, el("i", { style: `width:${(100 * n) / largest}%` })),
      el("span", { class: "n" }, grouped(n)), el("span", { class: "gx-soft share" }, percent(n / data.total)))
    row.onclick = () => setTriggerValue("pick", name === data.selected ? "" : name)
    return row
  }))
}
