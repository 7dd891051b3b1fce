// Elements: making them, updating lists of them in place, fields that keep what was typed.

/** @typedef {Node | string | number | null | undefined | false} Child null, undefined and false are nothing */
/** @typedef {Child | Child[]} Children */
/** @typedef {Record<string, any>} Props attributes; `class`, `style` as text, and handlers such as `onclick` */
/** @typedef {HTMLInputElement | HTMLTextAreaElement} Field */

/** Creates a DOM element with properties and children; strings become text, never markup.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Props} [props]
 * @param {Children[]} children
 */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag)
  setProps(node, props)
  node.append(...children.flat().filter(isPresent).map(asNode))
  return node
}

/** The element that the html of the component is known to hold.
 * @param {ParentNode} parent
 * @param {string} selector
 */
export const find = (parent, selector) => /** @type {HTMLElement} */ (parent.querySelector(selector))

/** @param {Child} child @returns {child is Node | string | number} */
const isPresent = (child) => exists(child) && child !== false

/** @param {Node | string | number} child */
const asNode = (child) => (child instanceof Node ? child : new Text(String(child)))

/** @param {HTMLElement & Props} node @param {Props} props */
function setProps(node, props) {
  for (const [key, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue
    if (key === "class") node.className = value
    else if (key.startsWith("on")) node[key.toLowerCase()] = value
    else if (key === "style") node.style.cssText = value
    else node.setAttribute(key, value === true ? "" : value)
  }
}

/** Morphs the children of `parent` into `children`, leaving equal nodes alone so that a click in progress, the focus and
 * an open list survive a poll. Handlers of kept nodes are kept too, so attributes must tell similar nodes apart; items of
 * a growing list are identified by `data-item`. A kept input keeps what was typed.
 * @param {Element | ShadowRoot} parent
 * @param {Children[]} children
 */
export function renew(parent, ...children) {
  const nodes = /** @type {Child[]} */ (children.flat(Infinity)).filter(isPresent).map(asNode)
  const items = new Map([...parent.children].filter(itemOf).map((old) => [itemOf(old), old]))
  const staying = new Set(nodes.map(itemOf)), held = focused(parent)
  for (const [item, old] of items) if (!staying.has(item)) old.remove()
  nodes.forEach((node, i) => {
    const at = parent.childNodes[i] ?? null, old = itemOf(node) ? items.get(itemOf(node)) : itemOf(at) ? null : at
    if (!old) return parent.insertBefore(node, at)
    if (old !== at) parent.insertBefore(old, at)
    if (!old.isEqualNode(node)) renewNode(old, node)
  })
  while (parent.childNodes.length > nodes.length) parent.lastChild?.remove()
  if (held instanceof HTMLElement && parent.contains(held) && focused(parent) !== held) held.focus() // the node was moved
}

/** @param {Node} node */
const focused = (node) => /** @type {Document | ShadowRoot} */ (node.getRootNode()).activeElement

/** @param {Node | null} node */
const itemOf = (node) => (node instanceof HTMLElement || node instanceof SVGElement ? node.dataset.item : undefined)

/** @param {ChildNode} old @param {Node} node */
function renewNode(old, node) {
  if (!(old instanceof Element && node instanceof Element && isSame(old, node))) return old.replaceWith(node)
  for (const { name } of [...old.attributes]) if (name !== "value" && !node.hasAttribute(name)) old.removeAttribute(name)
  for (const { name, value } of node.attributes) if (name !== "value" && old.getAttribute(name) !== value) old.setAttribute(name, value)
  if (old instanceof HTMLInputElement) return renewField(old, /** @type {HTMLInputElement} */ (node))
  renew(old, ...node.childNodes)
  if (old instanceof HTMLSelectElement) old.value = /** @type {HTMLSelectElement} */ (node).value
}

/** @param {Element} old @param {Element} node */
function isSame(old, node) {
  if (old.tagName !== node.tagName) return false
  return itemOf(node) ? itemOf(old) === itemOf(node) : bare(old).isEqualNode(bare(node))
}

/** The element without children and user input.
 * @param {Element} node
 */
function bare(node) {
  const alone = /** @type {Element} */ (node.cloneNode(false))
  for (const name of node.tagName === "INPUT" ? ["value", "checked"] : ["selected"]) alone.removeAttribute(name)
  return alone
}

/** @param {HTMLInputElement} old @param {HTMLInputElement} node */
function renewField(old, node) {
  if (["checkbox", "radio"].includes(old.type)) old.checked = node.checked
  else if (old.type === "range") old.value = node.value
  else putText(old, node.defaultValue)
}

/** Redraws, then focuses the element with the same `data-…` as the one that was focused, and returns it.
 * @param {Element} root
 * @param {() => void} draw
 */
export function keepFocus(root, draw, name = "focus") {
  const held = focused(root), value = held instanceof HTMLElement ? held.dataset[name] : undefined
  draw()
  if (!value) return null
  const again = /** @type {HTMLElement | null} */ (root.querySelector(`[data-${name}="${CSS.escape(value)}"]`))
  again?.focus()
  return again
}

/** Sets the value of a field, unless it holds typed text that has not been processed yet.
 * @param {Field} field
 * @param {string | number | null | undefined} known
 */
export function putText(field, known) {
  const text = String(known ?? ""), typed = field.value !== field.defaultValue || field.validity.badInput
  if (field.defaultValue !== text) field.defaultValue = text
  if (!typed && field.value !== text) field.value = text
}

/** Marks typed text as processed, so that its normalised value can replace it; further typing is not disturbed.
 * @param {Field} field
 */
export function takeText(field, taken = field.value) {
  if (field.value === taken) field.defaultValue = taken
}

/** An icon of one line in a 16 × 16 box.
 * @param {string} kind the class, `gx-solid` or `gx-ring`
 * @param {string} path
 */
export function svgShape(kind, path) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg")
  for (const [key, value] of [["viewBox", "0 0 16 16"], ["class", `gx-shape gx-${kind}`], ["aria-hidden", "true"]]) {
    svg.setAttribute(key, value)
  }
  const line = document.createElementNS("http://www.w3.org/2000/svg", "path")
  line.setAttribute("d", path)
  svg.append(line)
  return svg
}

/**
 * @template T
 * @param {T} value
 * @returns {value is NonNullable<T>}
 */
export function exists(value) {
  return value !== null && value !== undefined
}

/** Handles plain clicks in the page; middle and modified clicks follow the link.
 * @param {MouseEvent} event
 * @param {() => void} act
 */
export function plainClick(event, act) {
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) return
  event.preventDefault()
  act()
}
