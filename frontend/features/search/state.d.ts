// The state of both views of the Search page, and what their Python passes: galaxy_search.py and odd_review.py.

import type * as Contract from "../../api/contract.d.ts"
import type {
  Agreement, EmbeddingState, LearnFrom, OddBy, OddGalaxy, OddPage, OtherEncoder, Run, SearchData, SearchedDataset, SearchResult, Settled, Viewed,
} from "../../api/contract.d.ts"
import type { collectControl } from "../../ui/galaxies/collecting.js"
import type { Doubts } from "../../ui/galaxies/label_flags.js"
import type { Reporting } from "../../ui/kit/component.js"

type OpenedBy = "run" | "dataset"
export type SearchView = Settled<Contract.SearchView, OpenedBy>
export type OddView = Settled<Contract.OddView, OpenedBy>
/** What the addresses of both views share. */
export type Address = Pick<SearchView, keyof SearchView & keyof OddView>
/** What an encoder is chosen by. */
export type Encoder = OtherEncoder
export type Pooling = Encoder["pooling"]
export type Filters = Pick<Address, "label" | "split" | "zmin" | "zmax" | "pmin" | "pmax">
export type DatasetOption = SearchedDataset
export type Data<View extends Address> = Viewed<View, SearchData>

/** The selects of one encoder. */
export interface EncoderBar {
  fields: HTMLElement[]
  runs: HTMLSelectElement
  steps: HTMLSelectElement
  depths: HTMLSelectElement
  poolings: HTMLSelectElement
  trained: boolean
  /** The checkpoints of the run `stepsOf`. */
  stepsOf: string | null
  stepList: number[]
  redo(): void
}

export interface BoundField { input: HTMLInputElement, node: HTMLElement }
export type BoundName = "zmin" | "zmax" | "pmin" | "pmax"

/** Emptied with a change of dataset. */
export type Examples = Partial<Pick<SearchView, "plus" | "minus" | "trail">>

/** What both views share: space and filters. */
export interface Space<View extends Address = Address> {
  root: HTMLElement
  data: Data<View>
  view: View
  change(changes: Partial<View> & Examples): void
  encoder: EncoderBar
  sets: HTMLSelectElement
  labels: HTMLSelectElement
  splits: HTMLSelectElement
  bounds: Record<BoundName, BoundField>
  foldName: HTMLElement
  embedded?: string
  address?: string
  left: boolean
  seq: number
  ticket: number
  leave?: (() => void) | null
  queueLoad(): void
  problem: string | null
  message: string
}

/** The second encoder: its embeddings, and the job that makes them. */
export interface Other {
  bar: EncoderBar
  start: HTMLButtonElement
  space: HTMLElement
  key?: string | null
  embedding: EmbeddingState | null
  problem: string | null
  /** Stops following a job. */
  end?: (() => void) | null
  following?: string | null
  run?: Run | null
}

export interface Half { head: HTMLElement, offer: HTMLElement, tiles: HTMLElement, node: HTMLElement }

/** The results of one encoder, or of two and their overlap. */
export interface Answers { first: SearchResult, second: SearchResult | null, agreement: Agreement | null }

export interface SearchState extends Space<SearchView>, Reporting<SearchView> {
  data: Data<SearchView> & { sizes: number[] }
  kept: Map<string, Answers>
  /** Addresses of uploaded images; null if there is none to show. */
  own: Map<string, string | null>
  result: SearchResult | null
  second: SearchResult | null
  agreement: Agreement | null
  /** The request of the results shown. */
  shown: string | null
  far: boolean
  other: Other
  halves: [first: Half, second: Half]
  agree: HTMLElement
  whole: HTMLElement
  wholeOf: string | null
  says: HTMLElement
  trail: HTMLElement
  picture: HTMLElement
  pictured: string
  facts: HTMLElement
  examples: HTMLElement
  box: HTMLInputElement
  file: HTMLInputElement
  sizes: HTMLSelectElement
  tileSize: HTMLInputElement
  orders: HTMLButtonElement[]
  taking: HTMLElement
  collect: ReturnType<typeof collectControl>
  near: BoundField
  withTrivial: HTMLInputElement
}

/** A galaxy under review; `scored` is what its score means, as the ranking may change later. */
export type Reviewed = OddGalaxy & { scored: { by: OddBy, k: number, learn: LearnFrom } }

/** A rating not saved yet; null removes it. `version` identifies the galaxies of a dataset. */
export interface Unsent { version: string, row: number, rating: number | null }

/** What can be undone. */
export type Action =
  | { kind: "rating", one: Reviewed, before: number | null }
  | { kind: "flag", one: Reviewed, on: boolean }

export interface OddState extends Space<OddView>, Reporting<OddView> {
  list: Reviewed[]
  at: number
  /** The galaxies that the server sent for this ranking, by row. */
  received: Map<number, OddGalaxy>
  skipped: number
  actions: Action[]
  /** Rows rated or flagged here. */
  touched: Set<number>
  outbox: Map<string, Unsent>
  page: OddPage | null
  shown: string | null
  /** The version of the dataset of the galaxies, and of the flags. */
  of: string | null
  doubtsOf: string | null
  doubts: Doubts
  rated: number
  flagged: number
  /** Whether to advance once more galaxies are loaded. */
  waiting: boolean
  loading: boolean
  lost: boolean
  sending: Promise<void> | null
  sendTimer?: number
  nearTimer?: number
  nearTo: Reviewed | null
  alerts: HTMLElement
  says: HTMLElement
  messageBox: HTMLElement
  queue: HTMLElement
  body: HTMLElement
  picture: HTMLElement
  about: HTMLElement
  near: HTMLElement
  rates: HTMLButtonElement[]
  flagBox: HTMLButtonElement
  undoBox: HTMLButtonElement
  backBox: HTMLButtonElement
  nextBox: HTMLButtonElement
  orders: HTMLButtonElement[]
  ks: HTMLSelectElement
  sources: HTMLSelectElement
  learning: HTMLButtonElement
  withRated: HTMLInputElement
}
