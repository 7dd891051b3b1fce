// Pictures that hold the galaxies of one evaluation side by side, one row a kind.

import { address } from "../kit/api.js"

/** @import { Params, Route } from "../../api/contract.d.ts" */

/** Decoded pictures by address, null if one cannot be loaded; the `most` newest are kept. @param {number} most */
export function spriteCache(most) {
  /** @type {Map<string, Promise<HTMLImageElement | null>>} */
  const kept = new Map()
  /**
   * @template {Route<"get">} R
   * @param {R} route
   * @param {Params<"get", R>} params
   */
  return (route, params) => {
    const url = address(route, params), known = kept.get(url)
    if (known) return known
    const image = new Image()
    image.src = url
    const decoded = image.decode().then(() => image, () => {
      kept.delete(url)
      return null
    })
    kept.set(url, decoded)
    for (const oldest of kept.keys()) if (kept.size > most) kept.delete(oldest)
    return decoded
  }
}

/** Copies a tile of `side` pixels; shown as squares if enlarged more than twofold.
 * @param {HTMLCanvasElement} canvas @param {CanvasImageSource} sprite @param {number} column @param {number} row @param {number} side */
export function paintTile(canvas, sprite, column, row, side) {
  canvas.getContext("2d")?.drawImage(sprite, column * side, row * side, side, side, 0, 0, side, side)
  canvas.style.imageRendering = canvas.clientWidth * devicePixelRatio > 2 * side ? "pixelated" : "auto"
}
