// What components share that let a person pick: lists, the newest wish, pictures of one's own, what is being typed.

const MOST_BYTES = 20_000_000

const datasetPath = (name) => `/datasets/${encodeURIComponent(name)}`

/** Options anew only where they differ, so that an open list is left alone. */
function fillSelect(select, options, value) {
  renew(select, options.map(([key, words]) => el("option", { value: key }, words)))
  select.value = value
}

function imageOf(transfer) {
  return [...(transfer?.files ?? [])][0] ?? null
}

/** Keeps a picture on the server; its id, and what was done to it. Throws Refused. */
function uploadPicture(file) {
  if (file.size > MOST_BYTES) throw new Refused(`${file.name} has ${bytes(file.size)}; an image of up to ${bytes(MOST_BYTES)} can be shown.`)
  return ask("/reconstructions/uploads", {
    method: "POST", body: file, headers: { "Content-Type": file.type || "application/octet-stream" } })
}

/** Whether a key or a paste is meant for a field. */
function isTypingIn(event) {
  const target = event.composedPath()[0]
  return target.isContentEditable || (["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName) && target.type !== "range")
}

/** Calls `work` with the newest wish: one at a time, and what was wished in between is left out. */
function latestWins(work) {
  let busy = false
  let next = null
  return async function wish(job) {
    if (busy) return void (next = { job })
    busy = true
    try { await work(job) } finally {
      busy = false
      const waiting = next
      next = null
      if (waiting) wish(waiting.job)
    }
  }
}

/** A picture that is dropped on the component goes to `take`. */
function acceptDrops(root, take) {
  root.ondragover = (event) => { event.preventDefault(); root.classList.add("over") }
  root.ondragleave = (event) => { if (!root.contains(event.relatedTarget)) root.classList.remove("over") }
  root.ondrop = (event) => {
    event.preventDefault()
    root.classList.remove("over")
    take(imageOf(event.dataTransfer))
  }
}

/** Keys and pasted pictures that are meant for the page as a whole: what each key does, where no g went before it. */
function listenToPage(keys, take) {
  let pressedG = 0
  const onKey = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTypingIn(event)) return
    if (keys[event.key] && Date.now() - pressedG > 1500) { event.preventDefault(); keys[event.key]() }
    pressedG = event.key === "g" ? Date.now() : 0
  }
  const onPaste = (event) => {
    const file = imageOf(event.clipboardData)
    if (file && !isTypingIn(event)) take(file)
  }
  document.addEventListener("keydown", onKey)
  document.addEventListener("paste", onPaste)
  return () => {
    document.removeEventListener("keydown", onKey)
    document.removeEventListener("paste", onPaste)
  }
}

/** A ticket for an answer that is to change what is shown: it counts while nothing newer was asked or chosen. */
function ticketOf(state) {
  const mine = ++state.asked
  return () => mine === state.asked && !state.left
}
