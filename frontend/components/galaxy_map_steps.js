// The map over the checkpoints of a run: a slider, and points that move from one to the next.

const MOVE_MS = 450

/** What is asked of the server: the map that the page names, or another checkpoint turned onto it. */
function queryNow({ data: { query }, look }) {
  const { step } = look
  return exists(step) && String(step) !== query.checkpoint ? { ...query, checkpoint: String(step), aligned: query.checkpoint } : query
}

const stepNow = ({ data: { query }, look }) => look.step ?? Number(query.checkpoint)

function drawSteps(state) {
  const { steps } = state.data
  state.steps.hidden = steps.length < 2
  if (steps.length < 2) return
  const at = steps.indexOf(stepNow(state)), words = `step ${grouped(steps[at] ?? stepNow(state))}`
  const input = state.steps.querySelector("input")
  if (input?.max === String(steps.length - 1)) {
    input.value = at
    input.setAttribute("aria-valuetext", words)
    input.nextSibling.textContent = words
    return
  }
  const slider = el("input", { type: "range", min: 0, max: steps.length - 1, step: 1, value: at, "aria-label": "Checkpoint", "aria-valuetext": words })
  slider.oninput = () => change(state, { step: state.data.steps[slider.value] })
  state.steps.replaceChildren(el("span", { class: "gx-soft" }, "over the training"), slider, el("output", {}, words))
}

/** Points go to where the next checkpoint has them; at once where motion is not wanted. */
function moveTo(state, flat) {
  const from = state.flat
  state.flat = flat
  if (!from || from.length !== flat.length || matchMedia("(prefers-reduced-motion: reduce)").matches) {
    state.field = makeField(flat)
    return wantFrame(state)
  }
  state.moving = { from: state.shownFlat ?? from, to: flat, since: performance.now() }
  wantFrame(state)
}

/** Where the points are at this moment of a move; hits are on where they will be. */
function stepMotion(state) {
  const { moving } = state
  if (!moving) return
  const share = Math.min((performance.now() - moving.since) / MOVE_MS, 1), eased = share * share * (3 - 2 * share)
  const n = moving.to.length / 2
  if (share === 1) {
    Object.assign(state, { moving: null, shownFlat: null, field: makeField(moving.to) })
    return
  }
  const flat = (state.shownFlat ??= new Float32Array(2 * n))
  if (flat === moving.from) moving.from = flat.slice()
  for (let k = 0; k < 2 * n; k++) flat[k] = moving.from[k] + eased * (moving.to[k] - moving.from[k])
  state.field = { ...state.field, x: flat.subarray(0, n), y: flat.subarray(n) }
  requestAnimationFrame(() => wantFrame(state))
}
