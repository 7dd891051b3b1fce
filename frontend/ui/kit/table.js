// The heads of tables.

import { el } from "./dom.js"

/** @import { Child } from "./dom.js" */
/** @typedef {[title: Child, kind?: string, note?: string]} Head of a column: its class, and words at the pointer */

/** Words that only screen readers say. @param {string} words */
export const aloud = (words) => el("span", { class: "gx-aloud" }, words)

/** @param {Head[]} heads */
export const tableHead = (heads) =>
  el("thead", {}, el("tr", {}, heads.map(([title, kind = "", note]) => el("th", { scope: "col", class: kind, title: note }, title))))
