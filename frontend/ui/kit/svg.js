// SVG elements.

import { exists } from "./dom.js"

/** @typedef {Node | string | null | undefined | false} Piece null, undefined and false are nothing */
/** @typedef {Piece | Piece[] | Piece[][]} Part */

/** Creates an SVG element with attributes and children.
 * @template {keyof SVGElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, string | number | null | undefined>} props
 * @param {Part[]} children
 */
export function svg(tag, props, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag)
  for (const [key, value] of Object.entries(props)) if (exists(value)) node.setAttribute(key, String(value))
  const parts = /** @type {Piece[]} */ (children.flat(Infinity))
  node.append(...parts.filter((part) => exists(part) && part !== false))
  return node
}
