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

/** Whether the script sends a view that this browser neither sent itself (up to `seq`) nor received last: a rerun may
 * still carry the view from before one that is in flight.
 * @param {{ address?: string, seq: number, left?: boolean }} state
 * @param {{ view: unknown, browser_seq: number | null }} data
 */
export function isNewAddress(state, { view, browser_seq: seq }) {
  const address = JSON.stringify(view)
  const own = seq !== null && seq <= state.seq
  const known = address === state.address
  state.address = address
  return state.left || !(own || known)
}
