import assert from "node:assert/strict"
import { test } from "node:test"

import { fault } from "../../../../frontend/ui/upload/upload.js"

const FIELD = { title: "", hint: "", accept: [".zip", ".fits.gz"], many: false, most_bytes: 1000 }
const file = (name, size = 10) => ({ name, size })

test("accepted files have no fault, whatever their case", () => {
  assert.equal(fault(FIELD, [file("A.FITS.GZ")]), "")
  assert.equal(fault({ ...FIELD, many: true }, [file("a.zip"), file("b.zip")]), "")
})

test("a fault names the file or the limit", () => {
  assert.equal(fault(FIELD, [file("a.gz")]), "a.gz cannot be imported; accepted: .zip .fits.gz.")
  assert.equal(fault(FIELD, [file("a.zip", 1001)]), "1 kB exceed the upload limit of 1 kB; copy the files to the server and choose their folder there.")
  assert.equal(fault(FIELD, [file("a.zip"), file("b.zip")]), "2 files are too many; put them into one zip file.")
  assert.equal(fault(FIELD, [file("a.zip", 0)]), "a.zip is empty; choose another file.")
})
