import type { PlainError } from './errors.js';
import type { Kind, ModelEntry } from './manifest.js';
import type { PackageName } from './packages.js';

/** The engines, by the names shown to users. */
export type BackendName = 'gpu' | 'simd' | 'tract' | 'reference';
/** `auto` takes the first of gpu, simd, tract, reference that can be trusted on this device. */
export type BackendChoice = 'auto' | BackendName;

export const BACKENDS: readonly BackendName[] = ['gpu', 'simd', 'tract', 'reference'];

/** Whether an engine takes several times as long as simd. */
export function isSlower(backend: string): boolean {
  return backend === 'tract' || backend === 'reference';
}

/** EXIF, XMP and IPTC of a result: all, all but places, or none. */
export type MetadataChoice = 'keep' | 'no-location' | 'none';

export type OutputType = 'image/png' | 'image/jpeg' | 'image/webp' | 'image/tiff';

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

/** How far a picture is. `seconds` counts from the start of the call. */
export interface Progress {
  readonly phase: 'load' | 'decode' | 'upscale' | 'encode';
  readonly done: number;
  readonly total: number;
  readonly seconds: number;
  /** Size of the result, as soon as it is known. */
  readonly size?: { readonly width: number; readonly height: number };
  /** The tile just finished, in pixels of the result. */
  readonly tile?: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
}

/** What was done to a picture; the same keys as the command line's `--json`. */
export interface Report {
  readonly input: string;
  readonly output: string;
  readonly width: number;
  readonly height: number;
  readonly scale: number;
  /** Factors of the networks' passes; what their product is more than `scale` was resampled. */
  readonly passes: readonly number[];
  readonly model: string;
  /** What the picture was taken for, where that chose the model. */
  readonly kind: Kind | null;
  readonly backend: string;
  readonly adapter: string;
  readonly tiles: number;
  readonly seconds: number;
  /** The lock that was used. */
  readonly fidelity: Fidelity;
  /** PSNR in dB, at most 100, between the source and the networks' result scaled back down; null where no network ran. */
  readonly lr_psnr: number | null;
  /** Kernel that scaled it back down. */
  readonly lr_kernel: string;
  readonly warnings: readonly string[];
}

/** A model and where its bytes are. */
export interface ModelSource {
  readonly entry: ModelEntry;
  /** An address on the asset origin, or the user's own file. */
  readonly from: string | Blob;
}

/**
 * What the result must keep of the source when it is scaled back down: all of it, its tone, or whatever the network says.
 * A full lock brings noise and the blocks of a JPEG back.
 */
export type Fidelity = 'lock' | 'tone' | 'off';

/** How large a result is to be: one of these. */
export type SizeRequest =
  /** Times the source, each way; up to 16. */
  | { readonly factor: number }
  | { readonly width: number }
  | { readonly height: number }
  | { readonly longEdge: number }
  | { readonly megapixels: number }
  /** As large as fits into 3840 x 2160, 7680 x 4320 or 15360 x 8640, either way round. */
  | { readonly fit: '4k' | '8k' | '16k' }
  /** As large as fits onto a sheet, at so many pixels an inch: `30x20cm@300`, `12x8in@240`. */
  | { readonly print: string };

/** What a picture of known size will become. */
export interface PlannedSize {
  readonly width: number;
  readonly height: number;
  /** Ids of the networks that run one after the other, none where the size does not change. */
  readonly passes: readonly string[];
  /** Pixels an inch of a print. */
  readonly dpi?: number;
  /** A guess at the bytes of the file, for a photograph. */
  readonly bytes: number;
}

/** What is done besides enlarging; shares are 0 to 1. */
export interface FinishRequest {
  /** Left out, files compressed with loss get their tone locked, others are locked. */
  readonly fidelity?: Fidelity;
  /** Whether to make the fidelity map. */
  readonly map?: boolean;
  readonly denoise?: number;
  readonly sharpen?: number;
  readonly grain?: number;
  /** Seed of the grain. */
  readonly seed?: number;
  /** The picture is a texture whose opposite edges join. */
  readonly wrap?: boolean;
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
  /** The model at every scale that it has. */
  readonly models: readonly ModelSource[];
  /** The models to choose from by what the picture shows, in place of `models`. */
  readonly kinds: Readonly<Record<Kind, readonly ModelSource[]>> | null;
  /** Null: what the model makes. */
  readonly size: SizeRequest | null;
  readonly finish: FinishRequest;
  readonly backend: BackendChoice;
  /** Edge of a tile in source pixels; null lets the engine choose. */
  readonly tile: number | null;
  readonly output: {
    readonly type: OutputType;
    readonly quality: number;
    /** Which metadata goes on with the result; all where left out. */
    readonly metadata?: MetadataChoice;
  };
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

/** What the wasm module says of a model file that the user brought. */
export interface ModelFacts {
  readonly scale: number;
  readonly inputChannels: number;
  readonly opaque: boolean;
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
  ready(choice: BackendChoice, models: readonly ModelSource[], size: SizeRequest | null): Promise<void>;
  upscale(job: number, request: JobRequest, onProgress: (progress: Progress) => void): Promise<JobResult>;
  /** Stops a job between tiles. Resolves to the compute workers that are still busy and now abandoned. */
  cancel(job: number): Promise<number[]>;
  /** A compute worker failed to load or threw outside of a call. */
  computeDied(id: number, reason: string): void;
  /** Size of the result and passes for a picture of `width` x `height`; undefined where only running the network tells. */
  plan(models: readonly ModelSource[], size: SizeRequest | null, width: number, height: number, output: { readonly type: OutputType; readonly quality: number }): Promise<PlannedSize | undefined>;
  inspect(file: Blob): Promise<ModelFacts>;
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
