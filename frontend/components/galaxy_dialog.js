// One galaxy, large, with what is known of it. `of` is {dataset, version, img_size, simulated, run}.

/** Made once for a component, which puts `node` beside what it draws. `turn(step)` shows the one before or after,
 * `press(event)` hears other keys. */
function galaxyDialog(turn = () => {}, press = () => {}) {
  const view = { node: el("dialog", { "aria-label": "Galaxy" }), asked: 0 }
  view.node.onclick = (event) => { if (event.target === view.node) view.node.close() }
  view.node.onkeydown = (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key]
    if (isTyping(event)) return
    if (step) turn(step)
    else press(event)
  }
  return view
}

/** Whether a key is for a field that the person writes in. */
const isTyping = (event) => event.target.tagName === "INPUT"

/** A picture by URL; the digest in it keeps a dataset of the same name from showing another's galaxies. */
function galaxyPicture(of, row, wanted, alt) {
  const side = Math.min(wanted, 2 * of.img_size)
  const version = encodeURIComponent((of.version ?? "").slice(0, 12))
  return el("img", { src: `${API}/datasets/${encodeURIComponent(of.dataset)}/images/${row}.png?size=${side}&v=${version}`,
    loading: "lazy", decoding: "async", width: side, height: side, alt: alt ?? `Galaxy ${row}` })
}

const nameOfGalaxy = (galaxy) => `Galaxy ${galaxy.row}${galaxy.label ? `, ${galaxy.label}` : ""}`
const inDegrees = (value) => (isNumber(value) ? `${value.toFixed(5)}°` : null)

/** Name and value of what is known of a galaxy. */
function galaxyFacts(galaxy) {
  return [
    ["row", String(galaxy.row)], ["class", galaxy.label ?? "none"], ["split", galaxy.split], ["source", galaxy.source_id],
    ["RA", inDegrees(galaxy.ra)], ["Dec", inDegrees(galaxy.dec)],
    ["redshift", isNumber(galaxy.redshift) ? galaxy.redshift.toFixed(4) : null],
    ["pixel scale", isNumber(galaxy.pxscale) ? `${galaxy.pxscale.toFixed(3)} arcsec` : null],
  ].filter(([, value]) => value)
}

function showGalaxy(view, of, galaxy) {
  const image = galaxyPicture(of, galaxy.row, 512, nameOfGalaxy(galaxy))
  image.className = 512 > 2 * of.img_size - 1 ? "crisp" : ""
  const facts = galaxyFacts(galaxy)
  fillDialog(view, image,
    el("dl", {}, facts.flatMap(([key, value]) => [el("dt", {}, key), el("dd", {}, value)])),
    of.simulated ? el("p", {}, el("span", { class: "gx-tag" }, "simulated")) : null,
    of.run ? el("a", { class: "onward", href: `/reconstruct?${new URLSearchParams({ run: of.run, dataset: of.dataset, row: galaxy.row })}`, title: "What the selected run makes of it" }, "Reconstruct") : null,
    of.run ? el("a", { class: "onward", href: `/search?${new URLSearchParams({ run: of.run, dataset: of.dataset, row: galaxy.row })}`, title: "Galaxies that the selected run's encoder finds alike" }, "Similar") : null)
}

function fillDialog(view, image, ...words) {
  const close = el("button", { onClick: () => view.node.close() }, "Close")
  view.node.replaceChildren(...[image, el("div", { class: "side" }, ...words, close)].filter(Boolean))
  if (!view.node.open) view.node.showModal()
  close.focus()
}

/** Opens the galaxy of a row: its facts are asked for, its picture stands at once. */
async function openRow(view, of, row) {
  const turn = ++view.asked
  fillDialog(view, galaxyPicture(of, row, 512), el("p", { class: "gx-soft" }, `row ${row}`))
  try {
    const page = await ask(`/datasets/${encodeURIComponent(of.dataset)}/galaxies?offset=${row}&limit=1`)
    if (turn === view.asked && view.node.open && page.galaxies.length) showGalaxy(view, of, page.galaxies[0])
  } catch (problem) {
    const words = problem instanceof Refused ? sentence(problem.message) : "The server does not answer."
    if (turn === view.asked) fillDialog(view, null, el("p", { class: "gx-tone-bad", role: "alert" }, words))
  }
}

const CELL_STEPS = { ArrowRight: () => 1, ArrowLeft: () => -1, ArrowDown: columnsOf, ArrowUp: (cells) => -columnsOf(cells) }

function columnsOf(cells) {
  const next = cells.findIndex((cell) => cell.offsetTop > cells[0].offsetTop)
  return next < 0 ? cells.length : next
}

/** Arrow keys go from cell to cell of a grid of buttons, or of boxes with a `.tile`; one is in the order of tabs. */
function moveAmong(grid, event) {
  const cells = [...grid.children].map((child) => child.querySelector(".tile") ?? child)
  const step = CELL_STEPS[event.key]?.(cells)
  if (step === undefined) return
  const to = cells[cells.indexOf(event.target.closest("button")) + step]
  event.preventDefault()
  if (!to) return
  cells.forEach((cell) => { cell.tabIndex = cell === to ? 0 : -1 })
  to.focus()
}
