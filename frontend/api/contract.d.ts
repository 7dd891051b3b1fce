// The API as the browser sees it: models, and what each route takes and returns. `./run check` generates
// openapi.d.ts from the models and routes of the server, so that a renamed field or route fails there.

import type { components, paths } from "./openapi.d.ts"

type Schemas = components["schemas"]
type Root = "/api/v1"

export type Method = "get" | "post" | "put" | "patch" | "delete"

/** All routes, without the root. */
export type AnyRoute = { [P in keyof paths]: P extends `${Root}${infer R}` ? R : never }[keyof paths]

/** The routes that take a method. */
export type Route<M extends Method> = {
  [P in keyof paths]: P extends `${Root}${infer R}` ? (paths[P][M] extends { responses: unknown } ? R : never) : never
}[keyof paths]

type Operation<M extends Method, R extends string> = `${Root}${R}` extends keyof paths ? paths[`${Root}${R}`][M] : never

type Parameters<O> = O extends { parameters: infer P } ? P : never
type Part<P, K extends string> = K extends keyof P ? Exclude<P[K], undefined> : P extends { [k in K]?: infer V } ? Exclude<V, undefined> : {}

/** The parameters of a route, those of its path and of its query together; null and undefined are left out. */
export type Params<M extends Method, R extends string> =
  & { [K in keyof Part<Parameters<Operation<M, R>>, "path">]: string | number }
  & { [K in keyof Part<Parameters<Operation<M, R>>, "query">]: Part<Parameters<Operation<M, R>>, "query">[K] | null }

/** What a route returns as JSON. */
export type Answer<M extends Method, R extends string> =
  Operation<M, R> extends { responses: infer A }
    ? { [S in keyof A]: S extends 200 | 201 | 202 ? (A[S] extends { content: { "application/json": infer J } } ? J : never) : never }[keyof A]
    : never

/** What a route takes as JSON. */
export type Body<M extends Method, R extends string> =
  Operation<M, R> extends { requestBody?: infer B } ? (Exclude<B, undefined> extends { content: { "application/json": infer J } } ? J : never) : never

export type Agreement = Schemas["Agreement"]
export type BandStatistics = Schemas["BandStatistics"]
export type Checkpoints = Schemas["Checkpoints"]
export type ClassCurves = Schemas["ClassCurves"]
export type Collection = Schemas["Collection"]
export type ColourBy = Schemas["ColourBy"]
export type Colours = Schemas["Colours"]
export type Curve = Schemas["Curve"]
export type DuplicatePair = Schemas["DuplicatePair"]
export type EmbeddingState = Schemas["EmbeddingState"]
export type FolderEntry = Schemas["FolderEntry"]
export type FolderListing = Schemas["FolderListing"]
export type FoundGalaxy = Schemas["FoundGalaxy"]
export type Galaxy = Schemas["Galaxy"]
export type GalaxyView = Schemas["GalaxyView"]
export type Health = Schemas["Health"]
export type LabelFlag = Schemas["LabelFlag"]
export type LadderInfo = Schemas["LadderInfo"]
export type Lane = Schemas["Lane"]
export type LaneQueue = Schemas["LaneQueue"]
export type LayerView = Schemas["LayerView"]
export type LearnFrom = Schemas["LearnFrom"]
export type Masking = Schemas["Masking"]
export type NearGalaxy = Schemas["NearGalaxy"]
export type Neighbour = Schemas["Neighbour"]
export type Notice = Schemas["Notice"]
export type NoticeKind = Schemas["NoticeKind"]
export type OddBy = Schemas["OddBy"]
export type OddGalaxy = Schemas["OddGalaxy"]
export type OddPage = Schemas["OddPage"]
export type Overlap = Schemas["Overlap"]
export type PixelStatistics = Schemas["PixelStatistics"]
export type Prediction = Schemas["Prediction"]
export type PredictionOrder = Schemas["PredictionOrder"]
export type PredictionPage = Schemas["PredictionPage"]
export type Queue = Schemas["Queue"]
export type QueuedRun = Schemas["QueuedRun"]
export type QueueMove = Schemas["QueueMove"]
export type RatioCurve = Schemas["RatioCurve"]
export type Reconstruction = Schemas["Reconstruction"]
export type ReconstructionRequest = Schemas["ReconstructionRequest"]
export type Run = Schemas["Run"]
export type RunKind = Schemas["RunKind"]
export type RunLoad = Schemas["RunLoad"]
export type RunState = Schemas["RunState"]
export type SampleCurve = Schemas["SampleCurve"]
export type Samples = Schemas["Samples"]
export type SearchResult = Schemas["SearchResult"]
export type SkyLinks = Schemas["SkyLinks"]
export type SkyMap = Schemas["SkyMap"]
export type Split = Schemas["Split"]
export type ThresholdCurves = Schemas["ThresholdCurves"]
export type Trait = Schemas["Trait"]
export type Trend = Schemas["Trend"]
export type Upload = Schemas["Upload"]
export type UploadedImage = Schemas["UploadedImage"]
export type Verdict = Schemas["Verdict"]
export type WaitingRun = Schemas["WaitingRun"]

// What pages pass to components: `DATA` and `VIEWS` of docs/reference/openapi.py.

/** Data with a view of the address, and its number if the browser sent it. */
export type Viewed<View, D = {}> = D & { view: View, browser_seq: number | null }
/** A view in which the page has settled some fields that the address leaves open. */
export type Settled<View, K extends keyof View> = Omit<View, K> & { [P in K]: NonNullable<View[P]> }
export type CompareData = Schemas["CompareData"]
export type ComparedGroup = Schemas["ComparedGroup"]
export type ComparedRun = Schemas["ComparedRun"]
export type CompareView = Schemas["CompareView"]
export type EvaluateView = Schemas["EvaluateView"]
export type MapView = Schemas["MapView"]
export type NamedDataset = Schemas["NamedDataset"]
export type OddView = Schemas["OddView"]
export type OtherEncoder = Schemas["OtherEncoder"]
export type PictureSource = Schemas["PictureSource"]
export type ReconstructView = Schemas["ReconstructView"]
export type RunOption = Schemas["RunOption"]
export type ScrubberData = Schemas["ScrubberData"]
export type SearchData = Schemas["SearchData"]
export type SearchedDataset = Schemas["SearchedDataset"]
export type SearchView = Schemas["SearchView"]
