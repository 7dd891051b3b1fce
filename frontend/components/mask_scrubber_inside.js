// Looking inside the encoder, to which nothing is hidden: which layer and head, asked from which patch.

const HOW_INSIDE = [
  ["Nothing is hidden here.", "The encoder sees every patch, as it does where its features are used. The masking ratio above changes nothing."],
  ["Attention", "is how the token that is asked from divides what it takes up in this layer among all tokens: the patches and the class token add up to 100 %. "
    + "Each head divides it in its own way."],
  ["PCA", "shows the features of the patches after this layer along the three directions in which they differ most, as red, green and blue: patches of like "
    + "colour have like features. Each runs from its 1st to its 99th percentile; its sign is such that the patch farthest from the mean is bright."],
  ["Similarity", "is the cosine between the features of each patch and of the token that is asked from, both after this layer and the final norm: 1 is the same direction."],
]

function buildInside(state) {
  const inside = (state.inside = { kept: new Map(), shown: null, under: null, problem: null, cells: cellCanvas() })
  state.wishInside = latestWins(() => fetchInside(state))
  inside.button = el("button", { class: "fold", "aria-expanded": "false", onClick: () => setInside(state, { inside: state.want.inside === null ? 0 : null }) }, "Look inside")
  inside.what = el("span", { class: "gx-soft" })
  inside.alert = el("p", { class: "gx-tone-bad", role: "alert" })
  inside.note = el("p", { class: "gx-soft" })
  inside.body = el("div", { class: "inside-body", hidden: true },
    el("div", { class: "bar" }, layerField(state), headField(state), fromField(state), overlayField(state)), inside.alert, buildMaps(state), inside.note,
    el("details", {}, el("summary", {}, "How this works"), HOW_INSIDE.map(([name, words]) => el("p", {}, el("b", {}, name), ` ${words}`))))
  inside.root = el("section", { class: "inside", "aria-label": "Inside the encoder" }, el("div", { class: "group" }, inside.button, inside.what), inside.body)
  return inside.root
}

function layerField(state) {
  const { inside } = state
  const step = (change, sign, words) => el("button", { class: "narrow", "aria-label": words, title: words, onClick: () => setLayer(state, layerNow(state) + change) }, sign)
  inside.layer = el("input", { type: "range", min: 1, max: 1, step: 1, "aria-label": "Layer" })
  inside.layer.oninput = () => setLayer(state, Number(inside.layer.value))
  inside.layerWords = el("output", { class: "gx-soft" })
  inside.before = step(-1, "‹", "Layer before")
  inside.after = step(1, "›", "Layer after")
  return el("div", { class: "group walk" }, el("span", { class: "gx-soft" }, "layer"), inside.before, inside.layer, inside.after, inside.layerWords)
}

function headField(state) {
  const { inside } = state
  inside.head = el("select", { "aria-label": "Head of attention" })
  inside.head.onchange = () => setInside(state, { head: Number(inside.head.value) || null })
  return el("div", { class: "group" }, el("span", { class: "gx-soft" }, "attention"), inside.head)
}

function overlayField(state) {
  const { inside } = state
  inside.overlay = el("input", { type: "checkbox" })
  inside.overlay.onchange = () => setInside(state, { overlay: inside.overlay.checked })
  return el("label", { class: "lock" }, inside.overlay, "over the galaxy")
}

function fromField(state) {
  const { inside } = state
  inside.cls = el("button", { title: "Asks from the class token, which stands for the whole galaxy", onClick: () => askFrom(state, null) }, "Class token")
  inside.from = el("output", { class: "gx-soft" })
  return el("div", { class: "group" }, el("span", { class: "gx-soft" }, "asked from"), inside.cls, inside.from)
}

/** Takes a wish; what of it the server must be asked for is found by followInside. */
function setInside(state, change) {
  Object.assign(state.want, change)
  followInside(state, 0)
  tellSoon(state)
}

function setLayer(state, layer) {
  setInside(state, { inside: Math.min(Math.max(layer, 1), Number(state.inside.layer.max)) })
}

function layerNow({ want, inside: { shown } }) {
  return want.inside || shown?.result.layers || 1
}

/** The patch that is asked from; null is the class token. */
function askFrom(state, patch) {
  if (state.inside.shown) setInside(state, { patch })
}

function askByKey(state, event) {
  const { shown } = state.inside
  const step = PATCH_STEPS[event.key]
  if (!shown || !(step || ["Enter", " ", "Escape"].includes(event.key))) return
  event.preventDefault()
  event.stopPropagation()
  if (event.key === "Escape") return askFrom(state, null)
  const n = gridOf(shown.result)
  const { patch } = state.want
  if (patch === null || patch >= shown.result.patches) return askFrom(state, (n >> 1) * n + (n >> 1))
  const inside = (value) => Math.min(Math.max(value, 0), n - 1)
  const [down, right] = step ?? [0, 0]
  askFrom(state, inside(Math.floor(patch / n) + down) * n + inside(patch % n + right))
}

function insideRequest(state) {
  const viewed = state.want.inside === null ? null : viewedBy(state, state.sides.a)
  return viewed && { viewed, layer: state.want.inside || null, patch: state.want.patch }
}

/** Asks where something else is wanted than was, once it has been for `wait` ms; nothing while the fold is closed. */
function followInside(state, wait = REST_MS) {
  const { inside, want } = state
  const wanted = JSON.stringify(insideRequest(state))
  if (wanted !== inside.wanted) {
    Object.assign(inside, { wanted, problem: null })
    clearTimeout(inside.timer)
    inside.timer = setTimeout(() => state.wishInside(), inside.shown ? wait : 0)
  }
  const look = JSON.stringify([wanted, want.inside, want.head, want.patch, want.overlay, want.against !== null])
  if (look !== inside.look) showInside(state)
  else if (inside.shown && want.inside !== null && want.overlay && inside.under !== galaxyUnder(state)) drawMaps(state)
  inside.look = look
}

function leaveInside({ inside }) {
  clearTimeout(inside.timer)
  inside.wanted = null
}

async function fetchInside(state) {
  const { inside } = state
  const request = insideRequest(state)
  if (!request || state.left) return
  const key = JSON.stringify(request)
  try {
    const result = inside.kept.get(key) ?? await ask(`/reconstructions/inside?query=${encodeURIComponent(key)}`)
    inside.kept.set(key, result)
    if (inside.kept.size > KEPT_RESULTS) inside.kept.delete(inside.kept.keys().next().value)
    inside.shown = { key, request, result }
    if (inside.problem === LOST) inside.problem = null
  } catch (problem) {
    if (key === inside.wanted) refuseInside(state, problem)
  }
  if (!state.left) showInside(state)
}

const INSTEAD = {
  no_such_layer: { change: { inside: 0 }, words: "The last one is shown." },
  no_such_patch: { change: { patch: null }, words: "The class token is asked instead." },
}

function refuseInside(state, problem) {
  const { inside } = state
  if (!(problem instanceof Refused)) {
    if (!(problem instanceof TypeError)) throw problem
    inside.timer = setTimeout(() => state.wishInside(), RETRY_MS)
  }
  const other = INSTEAD[problem.code] // a smaller model than the one before
  if (other) setInside(state, other.change)
  inside.problem = problem instanceof Refused ? [sentence(problem.message), other?.words].filter(Boolean).join(" ") : LOST
}

/** The fold as it is wanted; the maps as they were last answered, dimmed where something else is wanted. */
function showInside(state) {
  const { inside, want } = state
  const open = want.inside !== null
  inside.body.hidden = !open
  inside.button.setAttribute("aria-expanded", open)
  inside.what.textContent = !open ? "attention, features and similarity of the patches"
    : want.against === null ? "Every patch is seen: no mask here." : "Every patch is seen: no mask here. Only model A is looked into."
  if (!open) return
  inside.root.dataset.fits = inside.shown?.key === inside.wanted
  inside.alert.textContent = inside.problem ?? ""
  if (inside.shown) {
    drawMaps(state)
    nameMaps(state)
    inside.note.textContent = inside.shown.result.note
  }
  inside.root.classList.toggle("empty", !inside.shown)
  showInsideControls(state)
}

function showInsideControls(state) {
  const { inside, want } = state
  const result = inside.shown?.result ?? null
  const layer = layerNow(state)
  const most = Math.max(result?.layers ?? 0, want.inside)
  inside.layer.max = most || 1
  inside.layer.value = layer
  inside.before.disabled = layer <= 1
  inside.after.disabled = layer >= most
  inside.layerWords.textContent = result ? `${layer} of ${result.layers}` : ""
  inside.layer.setAttribute("aria-valuetext", inside.layerWords.textContent)
  const heads = Array.from({ length: result?.heads ?? 0 }, (_, i) => [String(i + 1), `head ${i + 1}`])
  fillSelect(inside.head, [["", "mean of heads"], ...heads], result ? headOf(want, result) ?? "" : "")
  inside.overlay.checked = want.overlay
  inside.cls.setAttribute("aria-pressed", want.patch === null)
  const n = result ? gridOf(result) : 0
  inside.from.classList.toggle("gx-soft", want.patch === null)
  inside.from.textContent = want.patch === null ? "or press a patch" : n ? `patch ${placeOf(want.patch, n)}` : ""
  for (const { mark } of Object.values(inside.maps)) placeMark(mark, want.patch, n)
}

function placeMark(mark, patch, n) {
  mark.hidden = patch === null || patch >= n * n
  const share = 100 / (n || 1)
  if (!mark.hidden) mark.style.cssText = `left:${patch % n * share}%;top:${Math.floor(patch / n) * share}%;width:${share}%;height:${share}%`
}
