// What is seen as a file: the panels with their figures as PNG, or the sweep over all ratios as an animation.

function buildSave(state) {
  const button = (words, title, act) => {
    const node = el("button", { title }, words)
    node.onclick = () => save(state, node, act)
    return node
  }
  state.saveProblem = el("span", { class: "gx-tone-bad", role: "alert" })
  return field("save",
    button("PNG", "The pictures above with their figures", () => picturePost(state)),
    button("GIF", "All ratios from 5 to 95 % and back; 256 colours", () => sweepAddress(state, "gif")),
    button("WebP", "All ratios from 5 to 95 % and back; full colours, smaller", () => sweepAddress(state, "webp")),
    state.saveProblem)
}

/** [path, options] of what is seen now; null before there is anything. */
function picturePost(state) {
  const requests = sidesOf(state).map((side) => exactRequest(state, side)).filter(Boolean)
  if (!requests.length) return null
  return ["/reconstructions/picture", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ requests }) }]
}

function sweepAddress(state, format) {
  const request = ladderRequest(state, state.sides.a)
  return request && [`/reconstructions/sweep.${format}?query=${encodeURIComponent(JSON.stringify(request))}`, {}]
}

async function save(state, button, wanted) {
  const asked = wanted()
  if (!asked || button.disabled) return
  button.disabled = true
  state.saveProblem.textContent = ""
  try {
    const answer = await fetch(API + asked[0], { credentials: "same-origin", ...asked[1] })
    if (!answer.ok) throw new Refused((await answer.json().catch(() => null))?.detail ?? `The server answered ${answer.status}.`)
    const name = /filename="([^"]+)"/.exec(answer.headers.get("content-disposition") ?? "")?.[1] ?? "reconstruction"
    handOver(await answer.blob(), name)
  } catch (problem) {
    if (!(problem instanceof Refused) && !(problem instanceof TypeError)) throw problem
    state.saveProblem.textContent = problem instanceof Refused ? sentence(problem.message) : "The server does not answer; try again."
  } finally {
    button.disabled = false
  }
}

/** Gives the browser a file to keep. */
function handOver(blob, name) {
  const link = el("a", { href: URL.createObjectURL(blob), download: name })
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
}
