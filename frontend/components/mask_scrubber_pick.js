// Which galaxy: by row, the ones beside it, a random one of a class, or a picture of one's own.

function buildPick(state) {
  state.dataset = el("select", { "aria-label": "Dataset" })
  state.dataset.onchange = () => setGalaxy(state, { dataset: state.dataset.value, row: 0, upload: null, label: null })
  state.label = el("select", { "aria-label": "Class" })
  state.label.onchange = () => { state.want.label = state.label.value || null; randomGalaxy(state) }
  state.rowField = el("input", { type: "number", min: 0, "aria-label": "Row", class: "number" })
  state.rowField.onchange = () => { takeText(state.rowField); setRow(state, Number(state.rowField.value)) }
  state.ofRows = el("span", { class: "gx-soft" })
  state.file = el("input", { type: "file", accept: "image/*", hidden: true, tabindex: -1, "aria-label": "Image file" })
  state.file.onchange = () => { sendPicture(state, state.file.files[0]); state.file.value = "" }
  state.who = state.panels.original.note
  state.similar = el("a", { class: "onward", title: "Galaxies that this run's encoder finds alike" }, "Similar")
  return el("div", { class: "group pick" },
    state.dataset, state.label,
    el("div", { class: "group walk" },
      el("button", { class: "narrow", title: "Previous galaxy (←)", "aria-label": "Previous galaxy", onClick: () => stepGalaxy(state, -1) }, "‹"),
      state.rowField, state.ofRows,
      el("button", { class: "narrow", title: "Next galaxy (→)", "aria-label": "Next galaxy", onClick: () => stepGalaxy(state, 1) }, "›")),
    el("button", { title: "A random galaxy of the class (r)", onClick: () => randomGalaxy(state) }, "Random"),
    el("button", { title: "An image of your own; it can also be pasted or dropped here", onClick: () => state.file.click() }, "Image…"),
    state.similar, state.file)
}

/** The dataset whose rows are meant: the chosen one, else the run's own, else (of an imported model) the first. */
function datasetName(state) {
  const own = state.data.runs.find((run) => run.id === state.want.run)?.dataset
  return state.want.dataset ?? own ?? state.data.datasets[0]?.name ?? null
}

function datasetNow(state) {
  return state.data.datasets.find(({ name }) => name === datasetName(state)) ?? null
}

function showPick(state) {
  const { datasets } = state.data
  const now = datasetNow(state)
  const { row, upload, label } = state.want
  fillSelect(state.dataset, datasets.map(({ name }) => [name, name]), now?.name ?? "")
  state.dataset.hidden = datasets.length < 2
  fillSelect(state.label, [["", "any class"], ...(now?.class_names ?? []).map((name) => [name, name])], label ?? "")
  state.label.hidden = !now?.class_names.length
  state.rowField.max = now ? now.n - 1 : ""
  putText(state.rowField, upload === null ? row : null)
  state.ofRows.textContent = now ? `of ${grouped(now.n)}` : ""
  const galaxy = upload === null ? { dataset: now?.name ?? "", row: row ?? "" } : { dataset: now?.name ?? "", upload }
  state.similar.href = `/search?${new URLSearchParams({ run: state.want.run, checkpoint: state.want.checkpoint, ...galaxy })}`
  tellWho(state)
}

async function tellWho(state) {
  const { row, upload } = state.want
  const now = datasetNow(state)
  const key = JSON.stringify([now?.name, row, upload])
  if (state.whoKey === key) return
  state.whoKey = key
  if (upload !== null) return void (state.who.textContent = "your own image")
  if (!now || row === null) return void (state.who.textContent = "")
  try {
    const page = await ask(`${datasetPath(now.name)}/galaxies?offset=${row}&limit=1`)
    if (state.whoKey !== key || !page.galaxies.length) return
    const { label, split, source_id: source } = page.galaxies[0]
    state.who.textContent = [label ?? "no label", split, source, now.simulated ? "simulated" : null].filter(Boolean).join(" · ")
  } catch {
    state.whoKey = null // the picture's own request says what is wrong
  }
}

function setGalaxy(state, change) {
  state.asked++ // what was asked for before, and has not come yet, no longer counts
  Object.assign(state.want, change)
  if (!state.lock.checked) redrawSeed(state)
  refreshScene(state)
  showControls(state)
  wantExact(state, 0)
  tellSoon(state)
}

function setRow(state, row) {
  const most = (datasetNow(state)?.n ?? 1) - 1
  if (!Number.isInteger(row)) return
  setGalaxy(state, { row: Math.min(Math.max(row, 0), most), upload: null })
}

async function stepGalaxy(state, change) {
  const { row, label } = state.want
  if (label === null || row === null) return setRow(state, (row ?? 0) + change)
  state.wishStep(change)
}

/** The row before or after of the class, found among its rows, which rise. */
async function stepInClass(state, change) {
  const now = datasetNow(state)
  const { row, label } = state.want
  const path = (offset) => `${datasetPath(now.name)}/galaxies?limit=1&offset=${offset}&label=${encodeURIComponent(label)}`
  try {
    let page = await ask(path(0))
    let low = 0, high = page.total // the first offset whose row is not below the one shown
    while (low < high) {
      const middle = (low + high) >> 1
      page = await ask(path(middle))
      if (page.galaxies[0].row < row) low = middle + 1
      else high = middle
    }
    const here = low < page.total ? (await ask(path(low))).galaxies[0].row === row : false
    const wanted = change < 0 ? low - 1 : low + (here ? 1 : 0)
    const found = wanted >= 0 ? (await ask(path(wanted))).galaxies[0] : null
    if (found && state.want.row === row) setRow(state, found.row)
  } catch (problem) {
    refuse(state, state.sides.a, problem)
  }
}

async function randomGalaxy(state) {
  const now = datasetNow(state)
  if (!now) return
  const seed = state.want.row === null ? 1 : Math.floor(Math.random() * 2 ** 31)
  const label = state.want.label === null ? "" : `&label=${encodeURIComponent(state.want.label)}`
  const current = ticketOf(state)
  try {
    const galaxy = await ask(`${datasetPath(now.name)}/random?seed=${seed}${label}`)
    if (current()) setRow(state, galaxy.row)
  } catch (problem) {
    if (current()) refuse(state, state.sides.a, problem)
  }
}

async function sendPicture(state, file) {
  if (!file) return
  const current = ticketOf(state)
  try {
    const { id, notes } = await uploadPicture(file)
    if (!current()) return
    state.uploadNotes = notes
    setGalaxy(state, { upload: id, row: null })
  } catch (problem) {
    if (current()) refuse(state, state.sides.a, problem)
  }
}
