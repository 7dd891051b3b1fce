// A small cache.

/** Keeps a value under a key, and at most `most` of them: the oldest goes.
 * @template Key, Value
 * @param {Map<Key, Value>} kept
 * @param {Key} key
 * @param {Value} value
 * @param {number} most
 */
export function keepNewest(kept, key, value, most) {
  kept.set(key, value)
  for (const oldest of kept.keys()) if (kept.size > most) kept.delete(oldest)
}
