import assert from "node:assert/strict"
import { beforeEach, test } from "node:test"

import { keepSteps } from "../../../frontend/shell/history.js"

const ROOT = "http://sky"
/** A tab of a browser, as far as its history goes. */
function openTab(path) {
  const entries = [path], listeners = {}
  let at = 0
  const location = { get href() { return ROOT + entries[at] }, get pathname() { return new URL(this.href).pathname } }
  const put = (url) => { entries[at] = String(url).replace(ROOT, "") }
  const history = {
    pushState: (_state, _unused, url) => { entries.splice(++at); put(url) },
    replaceState: (_state, _unused, url) => put(url),
  }
  const tell = (type, more = {}) => listeners[type]?.({ type, defaultPrevented: false, ...more })
  const back = () => { at--; tell("popstate") }
  return { history, location, addEventListener: (type, act) => { listeners[type] = act }, entries, tell, back, here: () => entries[at] }
}

let tab
const push = (url) => tab.history.pushState({}, "", url)
const click = () => { tab.tell("pointerdown"); tab.tell("pointerup") }

beforeEach(() => keepSteps(tab = openTab("/runs")))

test("what a page adds to its own address is no entry, what a person changes is one", () => {
  push("/runs?state=all")
  assert.deepEqual(tab.entries, ["/runs?state=all"])
  click()
  push("/runs?state=failed")
  push("/runs?state=failed&run=7")
  assert.deepEqual(tab.entries, ["/runs?state=all", "/runs?state=failed&run=7"])
})

test("another page is one entry, and the page that is left keeps its own query", () => {
  push("/runs?state=all")
  click()
  push("/runs?run=7") // Streamlit writes the next page's query first
  push("/map?run=7")
  push("/map?run=7&colour=class")
  assert.deepEqual(tab.entries, ["/runs?state=all", "/map?run=7&colour=class"])
})

test("the next page may complete its query before it has its path", () => {
  push("/runs?state=all")
  click()
  push("/runs")
  push("/runs?run=7")
  push("/map?run=7")
  assert.deepEqual(tab.entries, ["/runs?state=all", "/map?run=7"])
})

test("a field that is left by the click on a link keeps its step", () => {
  click()
  push("/runs?name=a")
  push("/runs?run=7")
  push("/map?run=7")
  assert.deepEqual(tab.entries, ["/runs", "/runs?name=a", "/map?run=7"])
})

test("a late answer to an earlier press of Back changes nothing, and the next step is one", () => {
  click()
  push("/map")
  click()
  push("/data")
  tab.back()
  tab.back()
  push("/map")
  tab.history.replaceState({}, "", "/runs?colour=class")
  assert.deepEqual([tab.here(), ...tab.entries], ["/runs", "/runs", "/map", "/data"])
  click()
  push("/launch")
  assert.deepEqual(tab.entries, ["/runs", "/launch"])
})

test("scrolling is no step, zooming is one", () => {
  tab.tell("wheel")
  push("/runs?a=1")
  assert.equal(tab.entries.length, 1)
  tab.tell("wheel", { defaultPrevented: true })
  push("/runs?a=2")
  assert.equal(tab.entries.length, 2)
})
