// One step of the Back button is one step of a person. The server puts this into Streamlit's page (backend/web.py).

/** @typedef {Pick<Window, "history" | "location" | "addEventListener">} Tab */
const ACTS = ["pointerdown", "pointerup", "keydown", "input", "drop", "paste", "wheel"]

/** Whether `query` has all of `search`. @param {string} search @param {URLSearchParams} query */
const adds = (search, query) => [...new URLSearchParams(search)].every(([name, value]) => query.getAll(name).includes(value))

/** Streamlit pushes an entry for each write to the address. Of those, only the first after an act of a person
 * stays an entry: what a page adds to its own address replaces it.
 * @param {Tab} tab
 */
export function keepSteps(tab) {
  const { history, location } = tab
  const push = history.pushState.bind(history), replace = history.replaceState.bind(history)
  let acts = 0, atStep = 0, atPage = 0, atReturn = -1
  /** After Back an address stays as it is until a person acts: what comes is late, from the page of an earlier press. */
  const returned = () => atReturn === acts
  /** The last write of a query, with those that it adds to: where the page was before, the query, after which act, and whether
   * it is an entry.
   * @type {{ from: string, search: string, acts: number, pushed: boolean } | null} */
  let written = null
  const act = (/** @type {Event} */ { type, defaultPrevented }) => { if (type !== "wheel" || defaultPrevented) acts++ } // scrolling is no step
  for (const type of ACTS) tab.addEventListener(type, act, type !== "wheel")
  tab.addEventListener("popstate", () => {
    atStep = atPage = atReturn = acts
    written = null
  })
  history.replaceState = (state, unused, url) => { if (!returned()) replace(state, unused, url) }
  history.pushState = (state, unused, url) => {
    if (returned()) return
    const from = location.href, to = new URL(url ?? "", from)
    if (to.pathname === location.pathname) {
      const pushed = acts > atStep
      const grown = written?.acts === acts && adds(written.search, to.searchParams) ? written : { from, acts, pushed }
      written = { ...grown, search: to.search }
      if (pushed) push(state, unused, url)
      else replace(state, unused, url)
    } else if (acts > atPage) {
      // st.switch_page first writes the query of the next page to the page that is left, and that page may add to it.
      const early = written?.acts === acts && written.search === to.search ? written : null
      if (early && !early.pushed) replace(state, unused, early.from)
      if (early?.pushed) replace(state, unused, url)
      else push(state, unused, url)
      atPage = acts
    } else replace(state, unused, url)
    atStep = acts
  }
}
