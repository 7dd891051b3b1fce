// Requests to the API. Routes, parameters and answers are typed by the server's own models (frontend/api/contract.d.ts).

/** @import { Answer, AnyRoute, Body, Method, Params, Route } from "../../api/contract.d.ts" */

export const API = "/api/v1"

/** The server refused; the message is its sentence. */
export class Refused extends Error {
  /** @param {string} message @param {string} [code] the stable word of the refusal, if it has one */
  constructor(message, code) {
    super(message)
    this.code = code
  }
}

/** The address of a route: parameters named in it fill its braces, the others become the query, null and undefined none.
 * @param {AnyRoute} route
 * @param {Record<string, unknown>} [params]
 */
export function address(route, params = {}) {
  const left = new Map(Object.entries(params).filter(([, value]) => value !== null && value !== undefined))
  const path = route.replace(/\{(\w+)\}/g, (_, name) => {
    const value = left.get(name)
    left.delete(name)
    return encodeURIComponent(String(value))
  })
  const query = new URLSearchParams([...left].flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((one) => [name, String(one)])))
  return `${API}${path}${query.size ? `?${query}` : ""}`
}

/** The answer of a GET. Throws Refused, or TypeError without a connection.
 * @template {Route<"get">} R
 * @param {R} route
 * @param {Params<"get", R>} params
 * @param {RequestInit} [options]
 * @returns {Promise<Answer<"get", R>>}
 */
export function get(route, params, options) {
  return fetchJson(address(route, params), options)
}

/** The answer of a request that changes something, with `body` as JSON. Throws like get.
 * @template {Exclude<Method, "get">} M
 * @template {Route<M>} R
 * @param {M} method
 * @param {R} route
 * @param {Params<M, R>} params
 * @param {Body<M, R>} [body]
 * @param {RequestInit} [options]
 * @returns {Promise<Answer<M, R>>}
 */
export function send(method, route, params, body, options = {}) {
  const json = body === undefined ? {} : { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }
  return fetchJson(address(route, params), { ...json, ...options, method: method.toUpperCase() })
}

/** A successful response that is not JSON. Throws like get.
 * @param {string} url
 * @param {RequestInit} [options]
 */
export async function fetchFile(url, options = {}) {
  const answer = await fetch(url, { credentials: "same-origin", ...options })
  if (!answer.ok) throw refusal(answer.status, await answer.json().catch(() => null))
  return answer
}

/** @param {string} url @param {RequestInit} [options] */
export async function fetchJson(url, options = {}) {
  const answer = await fetch(url, { cache: "no-store", credentials: "same-origin", ...options })
  const body = await answer.json().catch(() => null)
  if (!answer.ok) throw refusal(answer.status, body)
  return body
}

/** @param {number} status @param {{ detail?: string, code?: string } | null} body */
const refusal = (status, body) => new Refused(body?.detail ?? `The server returned ${status}.`, body?.code)
