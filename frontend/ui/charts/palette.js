// The Okabe–Ito palette, with variants for dark and light backgrounds.

export const SERIES = {
  dark: ["#E69F00", "#56B4E9", "#2FB78F", "#F0E442", "#E8743B", "#CC79A7", "#6F8FE0", "#D9DFE6"],
  light: ["#B87700", "#2F8FC6", "#008060", "#8F8400", "#D55E00", "#B0568A", "#0052A2", "#23272C"],
}

/** @typedef {{ dark: boolean, series: string[], soft: string, line: string, text: string, accent: string, font: string, ground: string }} Tint */

/** The colours of the current theme. @param {Element} root @returns {Tint} */
export function readColours(root) {
  const style = getComputedStyle(root)
  const named = (/** @type {string} */ name) => style.getPropertyValue(name).trim()
  const ground = parseInt(named("--st-background-color").slice(1, 7), 16)
  const dark = 0.299 * (ground >> 16) + 0.587 * ((ground >> 8) & 255) + 0.114 * (ground & 255) < 128
  return {
    dark, series: SERIES[dark ? "dark" : "light"], soft: named("--st-gray-text-color"), line: named("--st-border-color"),
    text: named("--st-text-color"), accent: named("--st-link-color"), font: named("--st-font"), ground: named("--st-background-color"),
  }
}

/** Gives the style sheet the colours of the current theme as `--series-0` and so on, and returns them. @param {HTMLElement} root */
export function showSeries(root) {
  const tint = readColours(root)
  tint.series.forEach((colour, i) => root.style.setProperty(`--series-${i}`, colour))
  return tint
}
