// The state of the viewer, and what its Python passes: mask_scrubber.py.

import type {
  Checkpoints, GalaxyView, LadderInfo, LayerView, Masking, NamedDataset, RatioCurve, Reconstruction, ReconstructionRequest, ReconstructView,
  SampleCurve, ScrubberData, Settled, Viewed,
} from "../../api/contract.d.ts"
import type { Reporting } from "../../ui/kit/component.js"

export type SideName = "a" | "b"
export type MaskKind = Masking["kind"]
export type PixelMode = ReconstructionRequest["pixels"]
export type PanelName = "original" | "masked" | "reconstruction" | "composite" | "error"
export type MapName = "attention" | "pca" | "similarity"
export type Mask = Uint8Array

export type View = Settled<ReconstructView, "run">
export type DatasetOption = NamedDataset
export type Data = Viewed<View, ScrubberData>

export interface Panel {
  box: HTMLElement
  frame: HTMLElement
  canvas: HTMLCanvasElement
  /** The line of the wipe, in panels that show a prediction. */
  line: HTMLElement | null
  note: HTMLElement
  pen: CanvasRenderingContext2D
}

/** A small canvas with one pixel per patch. */
export interface Cells { canvas: HTMLCanvasElement, pen: CanvasRenderingContext2D }

export type Pictures = Record<PanelName, ImageBitmap>
export interface Exact { request: ReconstructionRequest, result: Reconstruction, pictures: Pictures }
export interface LadderRequest { viewed: GalaxyView, kind: MaskKind, seed: number, pixels: PixelMode }
export interface Ladder { key: string, info: LadderInfo, sprite: ImageBitmap }

/** One of the two models: its run, the images for the last masks, the ladder of ratios, and the curve of a sample. */
export interface Side {
  name: SideName
  run: string | null
  checkpoint: string
  steps: Checkpoints | null
  ended: boolean
  slow: boolean
  exact: Exact | null
  ladder: Ladder | null
  sample: SampleCurve | null
  sampleKey: string | null
  sampleProblem: string | null
  problem: string | null
  kept: Map<string, Reconstruction>
  endRun: (() => void) | null
  endSteps: (() => void) | null
}

/** The controls of a side. */
export interface Model {
  run: HTMLSelectElement
  slider: HTMLInputElement
  caption: HTMLElement
  last: HTMLElement
  best: HTMLElement
  letter: HTMLElement
  node: HTMLElement
}

export interface InsideRequest { viewed: GalaxyView, layer: number | null, patch: number | null }
export interface Shown { key: string, request: InsideRequest, result: LayerView }
export interface InsideMap {
  box: HTMLElement
  canvas: HTMLCanvasElement
  mark: HTMLElement
  under: HTMLElement
  legend: HTMLElement
  pen: CanvasRenderingContext2D
}

/** The section that looks inside the encoder. */
export interface Inside {
  root: HTMLElement
  button: HTMLElement
  what: HTMLElement
  alert: HTMLElement
  note: HTMLElement
  body: HTMLElement
  layer: HTMLInputElement
  layerWords: HTMLElement
  before: HTMLButtonElement
  after: HTMLButtonElement
  head: HTMLSelectElement
  overlay: HTMLInputElement
  cls: HTMLElement
  queryText: HTMLElement
  maps: Record<MapName, InsideMap>
  cells: Cells
  kept: Map<string, LayerView>
  shown: Shown | null
  /** The image that the maps were drawn over. */
  under: ImageBitmap | null
  problem: string | null
  key: string | null
  drawn: string
  timer?: number
}

/** A curve over mask ratios: that of a side's galaxy, or of a sample of n. */
export interface SideCurve { name: SideName, curve: RatioCurve }
export interface SampledCurve extends SideCurve { n: number }

export type Place = [row: number, column: number]

export interface State extends Reporting<View> {
  root: HTMLElement
  data: Data
  address?: string
  left: boolean
  seq: number
  ticket: number
  leave?: (() => void) | null
  sides: { a: Side, b: Side | null }
  models: Record<SideName, Model>
  /** The ranks of the patches by their number, kind and seed. */
  ranks: Map<string, number[]>
  mask: Mask | null
  /** The model's input: its side in pixels, and `length` patches in a square of n; 0 until it is known. */
  grid: { side: number, length: number, n: number }
  panels: Record<PanelName, Panel>
  cells: Record<"veil" | "seen" | "calm", Cells>
  scratch: Cells
  /** The share of the width where B begins. */
  wipe: number
  wipeSlider: HTMLInputElement
  versus: HTMLElement
  compare: HTMLElement
  /** The brush, in patches. */
  brush: number
  stroke: { hide: boolean, last: Place } | null
  at?: Place
  cursor: HTMLElement
  tools: HTMLElement
  kinds: HTMLElement[]
  paint: HTMLElement
  seed: HTMLInputElement
  lock: HTMLInputElement
  pixels: HTMLSelectElement
  average: HTMLSelectElement
  slider: HTMLInputElement
  readout: HTMLElement
  figures: HTMLElement
  figuresKey: string
  row: HTMLElement
  messages: HTMLElement
  messagesKey: string
  notes?: HTMLElement | null
  uploadNotes: string[]
  saveProblem: HTMLElement
  dataset: HTMLSelectElement
  label: HTMLSelectElement
  rowField: HTMLInputElement
  ofRows: HTMLElement
  file: HTMLInputElement
  galaxyNote: HTMLElement
  galaxyKey: string | null
  similar: HTMLAnchorElement
  chart: HTMLElement
  chartDrawn: string
  chartX(ratio: number): number
  markers: SVGLineElement[]
  inside: Inside
  resize: ResizeObserver
  restTimer?: number
  restFrame: number
  ladderTimer?: number
  queueExact(name: SideName): void
  queueLadder(name: SideName): void
  queueSample(name: SideName): void
  queueStep(change: number): void
  queueInside(): void
}
