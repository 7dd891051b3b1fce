// Class counts as bars; a click filters by class.

import { el, find } from "../../../ui/kit/dom.js"
import { grouped, percent } from "../../../ui/kit/format.js"

/** @typedef {{ counts: [name: string, n: number][], total: number, selected: string | null }} Data */

/** @param {import("../../../ui/kit/mount.d.ts").Mounting<Data>} mounting */
export default function ({ data, parentElement, setTriggerValue }) {
  const root = find(parentElement, ".gx-class_bars")
  const largest = Math.max(1, ...data.counts.map(([, n]) => n))
  root.replaceChildren(...data.counts.map(([name, n]) => {
    const chosen = name === data.selected
    return el("button", { "aria-pressed": String(chosen), title: `Show only ${name}`, onClick: () => setTriggerValue("pick", chosen ? "" : name) },
      el("span", { class: "name" }, name), el("span", { class: "track" }, el("i", { style: `width:${(100 * n) / largest}%` })),
      el("span", { class: "n" }, grouped(n)), el("span", { class: "gx-soft share" }, percent(n / data.total)))
  }))
}
