// Elements: making them, updating lists of them in place, fields that keep what was typed.

/** Creates a DOM element with properties and children; strings become text, never markup. */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag)
  setProps(node, props)
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false))
  return node
}

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
 * a growing list are identified by `data-item`. A kept input keeps what was typed. */
export function renew(parent, ...children) {
  const nodes = children.flat(Infinity).filter((node) => exists(node) && node !== false).map((node) => (typeof node === "string" ? new Text(node) : node))
  const items = new Map([...parent.children].filter(itemOf).map((old) => [itemOf(old), old]))
  const staying = new Set(nodes.map(itemOf)), held = parent.getRootNode().activeElement
  for (const [item, old] of items) if (!staying.has(item)) old.remove()
  nodes.forEach((node, i) => {
    const at = parent.childNodes[i] ?? null, old = itemOf(node) ? items.get(itemOf(node)) : itemOf(at) ? null : at
    if (!old) return parent.insertBefore(node, at)
    if (old !== at) parent.insertBefore(old, at)
    if (!old.isEqualNode(node)) renewNode(old, node)
  })
  while (parent.childNodes.length > nodes.length) parent.lastChild.remove()
  if (parent.contains(held) && parent.getRootNode().activeElement !== held) held.focus() // the node was moved
}

const itemOf = (node) => node?.dataset?.item

function renewNode(old, node) {
  if (!isSame(old, node)) return old.replaceWith(node)
  for (const { name } of [...old.attributes]) if (name !== "value" && !node.hasAttribute(name)) old.removeAttribute(name)
  for (const { name, value } of node.attributes) if (name !== "value" && old.getAttribute(name) !== value) old.setAttribute(name, value)
  if (old.tagName === "INPUT") return renewField(old, node)
  renew(old, ...node.childNodes)
  if (old.tagName === "SELECT") old.value = node.value
}

function isSame(old, node) {
  if (old.nodeType !== Node.ELEMENT_NODE || old.tagName !== node.tagName) return false
  return itemOf(node) ? itemOf(old) === itemOf(node) : bare(old).isEqualNode(bare(node))
}

/** The element without children and user input. */
function bare(node) {
  const alone = node.cloneNode(false)
  for (const name of node.tagName === "INPUT" ? ["value", "checked"] : ["selected"]) alone.removeAttribute(name)
  return alone
}

function renewField(old, node) {
  if (["checkbox", "radio"].includes(old.type)) old.checked = node.checked
  else if (old.type === "range") old.value = node.value
  else putText(old, node.defaultValue)
}

/** Sets the value of a field, unless it holds typed text that has not been processed yet. */
export function putText(field, known) {
  const text = String(known ?? ""), typed = field.value !== field.defaultValue || field.validity.badInput
  if (field.defaultValue !== text) field.defaultValue = text
  if (!typed && field.value !== text) field.value = text
}

/** Marks typed text as processed, so that its normalised value can replace it; further typing is not disturbed. */
export function takeText(field, taken = field.value) {
  if (field.value === taken) field.defaultValue = taken
}

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

export function exists(value) {
  return value !== null && value !== undefined
}

/** Handles plain clicks in the page; middle and modified clicks follow the link. */
export function plainClick(event, act) {
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) return
  event.preventDefault()
  act()
}
