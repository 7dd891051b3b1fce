import assert from "node:assert/strict"
import { test } from "node:test"

import { address, fetchJson, Refused } from "../../../../frontend/ui/kit/api.js"

test("parameters in braces fill the path, the others are the query, and none are left out", () => {
  assert.equal(address("/runs/{run_id}/metrics", { run_id: "a b/c", since: 0, keys: null, max_points: undefined }), "/api/v1/runs/a%20b%2Fc/metrics?since=0")
  assert.equal(address("/search", { plus: [3, 4], label: "Ω & co" }), "/api/v1/search?plus=3&plus=4&label=%CE%A9+%26+co")
  assert.equal(address("/health"), "/api/v1/health")
})

test("an id of 64 bits stays exact as text", () => {
  assert.equal(address("/datasets/{name}/locate", { name: "sky", text: "1237648720693755918" }), "/api/v1/datasets/sky/locate?text=1237648720693755918")
})

test("a refusal carries the sentence and the code of the server", async (context) => {
  context.mock.method(globalThis, "fetch", async () => new Response(JSON.stringify({ detail: "there is no run x", code: "run_not_found" }), { status: 404 }))
  await assert.rejects(fetchJson("/api/v1/runs/x"), (error) => error instanceof Refused && error.message === "there is no run x" && error.code === "run_not_found")
})

test("an answer that is no JSON is refused with its status", async (context) => {
  context.mock.method(globalThis, "fetch", async () => new Response("<html>", { status: 502 }))
  await assert.rejects(fetchJson("/api/v1/runs/x"), (error) => error instanceof Refused && error.message.includes("502"))
})
