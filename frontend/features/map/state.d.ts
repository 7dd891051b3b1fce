// The state of the map, and what its Python passes: galaxy_map.py.

import type { ColourBy, Colours, MapView, PictureSource } from "../../api/contract.d.ts"
import type { collectControl } from "../../ui/galaxies/collecting.js"
import type { Reporting } from "../../ui/kit/component.js"
import type { Rgb } from "../../ui/charts/colour_maps.js"

/** A MapRequest as JSON. */
export interface MapQuery {
  run: string
  checkpoint: string
  dataset: string
  depth: number
  pooling: "cls" | "mean" | "both"
  method: "pca" | "tsne"
  aligned?: string
  aligned_run?: string
  aligned_depth?: number
  aligned_pooling?: "cls" | "mean" | "both"
}

export interface Source {
  query: MapQuery
  title: string
  note: string
  axes: string[] | null
  /** Only the first map has them. */
  steps?: number[]
}

/** The part of the address that the browser controls. */
export type Settings = Pick<MapView, "colour" | "evaluation" | "view" | "view2" | "galaxy" | "step">

export interface Data extends Source {
  beside: Source | null
  of: PictureSource
  labelled: boolean
  view: Settings
  browser_seq: number | null
  steps: number[]
  colours: ColourBy[]
  evaluations: { id: string, title: string }[]
}

/** What is visible, in map coordinates: its centre and width. */
export interface View { x: number, y: number, w: number }
export interface Size { width: number, height: number }

/** Points with an index: those of cell c are items[start[c]] to items[start[c + 1] − 1]. */
export interface Field {
  n: number
  x: Float32Array
  y: Float32Array
  box: { x0: number, x1: number, y0: number, y1: number }
  side: number
  cell: number
  start: Uint32Array
  items: Uint32Array
}

export type Shape = "disc" | "square" | "triangle" | "diamond" | "cross"
export interface Style { name: string, rgb: Rgb, shape: Shape }
export interface Bar { low: number, high: number, clipped: boolean, title: string, digits: number }

/** `code` (N) is the index into `styles` of each galaxy, 0 for unknown values; `counts` are their numbers. */
export interface Painting {
  code: Uint8Array
  styles: Style[]
  bar: Bar | null
  counts: Uint32Array
}

export interface Theme {
  series: string[]
  soft: string
  text: string
  font: string
  ground: string
  plain: string
  unknown: string
  veil: string
}

type Pixel = readonly [x: number, y: number]

/** One of the maps. `home` is the view of all points; `view` and `size` are set once it has points. */
export interface Pane {
  map: MapState
  source: Source
  viewName: "view" | "view2"
  node: HTMLElement
  title: HTMLHeadingElement
  canvas: HTMLCanvasElement
  frameBox: HTMLElement
  tip: HTMLDivElement
  view: View
  home: View | null
  size: Size
  key: string | null
  of: string
  base: string
  flat: Float32Array | null
  field: Field | null
  /** The points between two checkpoints, and where they move. */
  shownFlat: Float32Array | null
  moving: { from: Float32Array, to: Float32Array, since: number } | null
  pointers: Map<number, Pixel>
  pressed: { px: number, py: number, moved: boolean, lasso: boolean }
  /** The lasso being drawn: x, y, x, y, … */
  line: number[] | null
  frame: number | null
  frames: number
  image: ImageData
  pen: CanvasRenderingContext2D
  medians: Median[]
  mediansOf: Field
  mediansBy: Painting
}

/** A pane that has its points. */
export type Placed = Pane & { field: Field, home: View }

export interface Median { k: number, n: number, x: number, y: number }

export interface MapState extends Reporting<Settings> {
  root: HTMLElement
  data: Data
  seq: number
  address?: string
  left: boolean
  theme: Theme
  panes: Pane[]
  bar: HTMLElement
  legend: HTMLElement
  problem: HTMLElement
  frames: HTMLElement
  steps: HTMLElement
  card: HTMLElement
  gallery: HTMLElement
  overlapText: HTMLElement
  hint: HTMLElement
  resize: ResizeObserver
  collect?: ReturnType<typeof collectControl>
  lasso: boolean
  /** Hidden codes of the legend. */
  hidden: Set<number>
  columns: Map<string, Promise<Colours>>
  classes: Colours | null
  column: Colours | null
  painting: Painting
  /** The row under the pointer, or −1; since when, and the timer of its image. */
  at: number
  since: number
  later?: number
  carded: number | null
  chosen: number[] | null
  isChosen: Uint8Array
  galleryLength: number
  overlapKey: string | null
}
