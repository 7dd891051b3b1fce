// How much of the neighbourhoods of a selection both encoders share: what two flat maps cannot show.

const MOST_ASKED_ROWS = 1000
const RESTS_MS = 400 // of the slider, before the server measures

const spaceOfPane = (pane) => {
  const { run, checkpoint, dataset, depth, pooling } = queryNow(pane)
  return { run, checkpoint, dataset, depth, pooling }
}

/** At most so many of the rows, evenly over them. */
function thinned(rows) {
  if (rows.length <= MOST_ASKED_ROWS) return rows
  return Array.from({ length: MOST_ASKED_ROWS }, (_, i) => rows[Math.floor((i * rows.length) / MOST_ASKED_ROWS)])
}

/** Asked for once for a selection and two encoders; nothing where both maps are of one space. */
async function drawAgreed(state) {
  const { panes, chosen, agreedWords } = state
  const spaces = panes.map(spaceOfPane)
  const two = spaces.length > 1 && JSON.stringify(spaces[0]) !== JSON.stringify(spaces[1])
  agreedWords.hidden = !two || !chosen
  if (agreedWords.hidden) return
  const both = { space: spaces[0], against: spaces[1] }, rows = thinned(chosen)
  const key = JSON.stringify({ ...both, rows })
  if (key === state.agreedOf) return
  state.agreedOf = key
  agreedWords.replaceChildren("Asking for their neighbours…")
  await new Promise((resolve) => setTimeout(resolve, RESTS_MS))
  if (key !== state.agreedOf) return
  const asked = (request) => ask(`/search/overlap?query=${encodeURIComponent(JSON.stringify(request))}`)
  try {
    const [own, all] = await Promise.all([asked({ ...both, rows }), asked(both)])
    if (key === state.agreedOf) agreedWords.replaceChildren(...agreedSentence(own, all, chosen.length))
  } catch (problem) {
    if (key !== state.agreedOf) return
    state.agreedOf = null
    agreedWords.replaceChildren(problem instanceof Refused ? sentence(problem.message) : "")
  }
}

function agreedSentence(own, all, chosen) {
  const whom = own.n === chosen ? `these ${grouped(chosen)}` : `${grouped(own.n)} of these ${grouped(chosen)}`
  return [`Of the ${own.k} nearest in all dimensions of ${whom}, both encoders agree on `, el("b", {}, percent(own.overlap)), ` (whole dataset ${percent(all.overlap)}, chance ${percent(own.chance)}).`]
}
