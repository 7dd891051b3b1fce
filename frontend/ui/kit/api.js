// Requests to the API.

export const API = "/api/v1"

export class Refused extends Error {}

/** The parsed API response. Throws Refused with the error sentence, or TypeError without a connection. */
export async function ask(path, options = {}) {
  const answer = await fetch(API + path, { cache: "no-store", credentials: "same-origin", ...options })
  const body = await answer.json().catch(() => null)
  if (!answer.ok) throw Object.assign(new Refused(body?.detail ?? `The server returned ${answer.status}.`), { code: body?.code })
  return body
}
