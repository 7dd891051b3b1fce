// Links to external viewers for a position.

import { el } from "../kit/dom.js"

/** @import { SkyLinks } from "../../api/contract.d.ts" */

const SKY_PLACES = /** @type {const} */ ([["legacy_survey", "Legacy Survey"], ["simbad", "SIMBAD"], ["esasky", "ESASky"]])

/** @param {SkyLinks | null} links */
export const skyLinks = (links) =>
  links && SKY_PLACES.map(([key, word]) => el("a", { href: links[key], target: "_blank", rel: "noopener noreferrer" }, word))
