import type { PlainError } from './errors.js';
import type { BackendKind, Kind, Machine, MetadataPolicy, Order, OutputFormat, Plan, Progress, Report, Subject } from './generated.js';
import { USUAL } from './usual.js';
import type { PackageName } from './packages.js';

export type { Fidelity, Machine, Order, Plan, Progress, Report, SizeRequest, Subject } from './generated.js';

/** The engines, by the names shown to users. */
export type BackendName = BackendKind;
/** `auto` takes the first of gpu, simd, tract, reference that can be trusted on this device. */
export type BackendChoice = 'auto' | BackendName;

export const BACKENDS: readonly BackendName[] = USUAL.engines;

/** Whether an engine takes several times as long as simd. */
export function isSlower(backend: string): boolean {
  return USUAL.slow_engines.some((slow) => slow === backend);
}

/** EXIF, XMP and IPTC of a result: all, all but places, or none. */
export type MetadataChoice = MetadataPolicy;

export type OutputType = OutputFormat;

/** Why an engine is not in use. */
export interface Refusal {
  readonly backend: BackendName;
  readonly reason: string;
}

/** What runs the networks, and what did not want to. */
export interface EngineReport {
  readonly backend: BackendName;
  /** The adapter's or processor's name as far as the browser tells. */
  readonly adapter: string;
  /** A GPU that is emulated on the processor. */
  readonly software: boolean;
  /** Compute workers, each with an instance of its own. */
  readonly workers: number;
  readonly refusals: readonly Refusal[];
}

/**
 * Where a result goes: a file that the user chose, the browser's storage for this origin, or memory. `auto` keeps small ones in
 * memory.
 */
export type SinkChoice = 'auto' | 'memory' | 'storage' | FileSystemFileHandle;

/** One picture to enlarge. */
export interface JobRequest {
  readonly file: Blob;
  readonly name: string;
  readonly order: Order;
  readonly sink: SinkChoice;
  /** Folder and file for the result in the browser's storage; null where there is none. */
  readonly place: { readonly folder: string; readonly file: string } | null;
}

export interface JobResult {
  readonly blob: Blob;
  /** Name of the file in the browser's storage that backs the blob, where there is one. */
  readonly stored?: string;
  readonly width: number;
  readonly height: number;
  /** A name to save it under. */
  readonly name: string;
  readonly report: Report;
  /** A PNG of the source's size that shows where the networks contradicted it, where it was asked for. */
  readonly map?: Blob;
}

/** A large picture for looking at: reduced, and cut into tiles at full size. */
export interface Pyramid {
  readonly width: number;
  readonly height: number;
  /** Edge of a tile in pixels; those at the right and the bottom may be smaller. */
  readonly tile: number;
  readonly columns: number;
  /** JPEG files, row by row. */
  readonly tiles: readonly Blob[];
  /** A JPEG file of the whole. */
  readonly reduced: Blob;
}

/** A small picture of a file that the browser cannot show itself. */
export interface PreviewResult {
  readonly blob: Blob;
  /** Size of the whole picture, upright. */
  readonly width: number;
  readonly height: number;
  readonly format: string;
  readonly warnings: readonly string[];
}

export interface CoordinatorSetup {
  /** Absolute address of the folder with `wasm/`, `worker/` and `models/`; ends in a slash. */
  readonly assetBase: string;
  /** Version of the caller; a worker of another version must not be talked to. */
  readonly version: string;
  /** Most compute workers on the CPU. */
  readonly workers: number;
  /** Name of the Web Lock that this worker holds while it lives. */
  readonly lifeline: string;
  /** The engine that will be asked for first: it starts at once. */
  readonly backend: BackendChoice;
  /** `models/manifest.json`. */
  readonly manifest: string;
  /** The networks that the user added. */
  readonly own: readonly OwnModel[];
}

/** A network of the user's own. */
export interface OwnModel {
  readonly name: string;
  readonly file: Blob;
  /** Its factor; 0 where only running it tells. */
  readonly scale: number;
}

/** A compute worker, and the port that it listens on. */
export interface SpawnedWorker {
  readonly id: number;
  readonly port: MessagePort;
}

/** What the page has ready for a coordinator that starts, so that it need not ask. */
export interface Provision {
  readonly spare: SpawnedWorker;
  readonly package: PackageName;
  /** The package's module, where the page could get it. */
  readonly module: WebAssembly.Module | undefined;
}

/** What the coordinator offers to the page. */
export interface CoordinatorApi {
  /** Loads the app module. Resolves to whether the lifeline is held. */
  start(setup: CoordinatorSetup, host: HostApi, provision: Provision): Promise<boolean>;
  /** Starts the engine that `choice` leads to, without preparing a network. */
  engine(choice: BackendChoice): Promise<EngineReport>;
  /** Starts the workers and fetches the models that the next picture will probably need. */
  ready(order: Order): Promise<void>;
  upscale(job: number, request: JobRequest, onProgress: (progress: Progress) => void): Promise<JobResult>;
  /** Stops a job between tiles. Resolves to the compute workers that are still busy and now abandoned. */
  cancel(job: number): Promise<number[]>;
  /** A compute worker failed to load or threw outside of a call. */
  computeDied(id: number, reason: string): void;
  /** Rejects an order that is wrong for every picture. */
  check(order: Order): Promise<void>;
  /** What an order makes of a picture; undefined where only running the network tells. */
  plan(order: Order, subject: Subject, machine: Partial<Machine>): Promise<Plan | undefined>;
  /** Reads a network of the user's own, and knows it by `name` from then on. Gives its factor. */
  add(name: string, file: Blob): Promise<number>;
  /** A result cut up for the viewer; undefined where it cannot be. */
  pyramid(file: Blob, width: number, height: number): Promise<Pyramid | undefined>;
  preview(file: Blob, maxSide: number): Promise<PreviewResult>;
  /** What a picture shows. */
  kind(file: Blob): Promise<Kind>;
}

/** What the page offers to the coordinator: only a document can create workers everywhere. */
export interface HostApi {
  /** Starts a compute worker and gives the port that it listens on. */
  spawn(): Promise<SpawnedWorker>;
  terminate(id: number): void;
  /** The compiled module of a package, where the page could get it. */
  module(name: PackageName): Promise<WebAssembly.Module | undefined>;
}

export interface EngineInfo {
  readonly adapter: string;
  readonly software: boolean;
  /** Calls of `run` that may be under way at the same time. */
  readonly tilesInFlight: number;
  /** Largest GPU buffer in bytes, where there is such a limit. */
  readonly maxBufferBytes: number | undefined;
}

/** How the start of an engine ended: with the engine, or with why it does not start on this device. */
export interface EngineStart {
  readonly info?: EngineInfo;
  /** The worker is sound and can start another engine. */
  readonly refused?: PlainError;
}

/** What a compute worker offers to the coordinator. */
export interface ComputeApi {
  hold(lifeline: string): Promise<boolean>;
  /** Starts an engine for a coordinator of the same `version`; a worker of another one must not be talked to. */
  create(version: string, backend: BackendName, allowSoftware: boolean, glue: string, module: WebAssembly.Module): Promise<EngineStart>;
  /** Prepares the session in `slot` of the `slots` that a picture needs. Resolves to the channels, height and width of a tile's output. */
  prepare(slot: number, slots: number, onnx: Uint8Array, channels: number, height: number, width: number): Promise<readonly number[]>;
  run(slot: number, data: Float32Array): Promise<Float32Array>;
}
