// What Streamlit gives the mount function of a component.

/** `Data` is what the Python beside the module passes as `data`. */
export interface Mounting<Data> {
  data: Data
  /** The element, or in isolation the shadow root, that holds the component's html. */
  parentElement: ParentNode & Node
  /** Reruns the script once with `value` under `name`. */
  setTriggerValue(name: string, value: unknown): void
}
