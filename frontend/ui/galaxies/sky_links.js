// Links to external viewers for a position.

import { el } from "../kit/dom.js"

const SKY_PLACES = [["legacy_survey", "Legacy Survey"], ["simbad", "SIMBAD"], ["esasky", "ESASky"]]

export function skyLinks(links) {
  return links ? SKY_PLACES.map(([key, word]) => el("a", { href: links[key], target: "_blank", rel: "noopener noreferrer" }, word)) : null
}
