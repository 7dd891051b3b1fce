// The state of mounted components, and addresses that come back.

/** The state of a mounted component, created once per element.
 * @template State
 */
export function makeStore() {
  /** @type {WeakMap<Node, State>} */
  const states = new WeakMap()
  return (/** @type {Node} */ parent, /** @type {() => State} */ make) => {
    let state = states.get(parent)
    if (!state) states.set(parent, (state = make()))
    return state
  }
}

/** Whether the script sends a view that this browser neither chose itself (up to `seq`) nor received last: a rerun may
 * still carry the view from before one that is in flight. Numbers go on from the highest.
 * @param {{ address?: string, seq: number, left?: boolean }} state
 * @param {{ view: unknown, browser_seq: number | null }} data
 */
export function isNewAddress(state, { view, browser_seq: seq }) {
  const address = JSON.stringify(view)
  const own = seq !== null && seq <= state.seq
  const known = address === state.address
  state.address = address
  state.seq = Math.max(state.seq, seq ?? 0)
  return state.left || !(own || known)
}

/** What a component reports to the page's script: its view, for the address.
 * @template View
 * @typedef {{ view: View, sent: string | null, reportTimer?: number, send: (view: View) => void }} Reporting
 */

const RECONNECT_MS = 1000

/** Whether Streamlit can send: without a connection it drops what it is given. */
const connected = () => document.querySelector(".stApp[data-test-connection-state=CONNECTED]") !== null

/** Reports the view once it has rested for `wait` ms and the script can be reached, unless it was the last one sent.
 * @template View
 * @param {Reporting<View>} state
 * @param {number} wait
 */
export function reportView(state, wait) {
  clearTimeout(state.reportTimer)
  state.reportTimer = window.setTimeout(() => {
    const view = JSON.stringify(state.view)
    if (view === state.sent) return
    if (!connected()) return reportView(state, RECONNECT_MS)
    state.sent = view
    state.send(JSON.parse(view))
  }, wait)
}
