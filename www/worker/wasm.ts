import { DeviceError } from '../shared/errors.js';
import { appPackages } from '../shared/features.js';
import type { Kind } from '../shared/manifest.js';
import { glueOf } from '../shared/packages.js';

/** A parsed network (wasm class of the app module). */
export interface WasmModel {
  readonly scale: number;
  readonly inputChannels: number;
  readonly opaque: boolean;
  /** Why the graph is not covered; empty where it is. */
  readonly refusal: string;
  /** Most pixels of a picture that a network which is not covered is run on. */
  readonly maxWholePixels: number;
  readonly halo: number;
  /** The file for the engines; differs from the loaded one where that names a fixed size. */
  onnx(): Uint8Array;
  free(): void;
}

/** The networks of a picture's passes, in their order (wasm class of the app module). */
export interface WasmPasses {
  add(model: WasmModel): void;
  free(): void;
}

/** A file's picture, decoded (wasm class of the app module). */
export interface WasmSource {
  readonly width: number;
  readonly height: number;
  /** What it shows, as far as can be guessed. */
  kind(): Kind;
  free(): void;
}

/** A tile to run: its place in the result, and its input as CHW f32. `data` is a copy at every reading. */
export interface WasmTile {
  readonly index: number;
  /** Which of the job's shapes it has. */
  readonly session: number;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;
  free(): void;
}

/** A piece of the encoded file. */
export interface WasmChunk {
  readonly offset: number;
  bytes(): Uint8Array;
  free(): void;
}

/** The state machine from file bytes to tiles to file bytes (wasm class of the app module). */
export interface WasmJob {
  readonly width: number;
  readonly height: number;
  /** A guess at the bytes of the file. */
  readonly fileBytes: number;
  readonly tiles: number;
  readonly tilesDone: number;
  /** Channels, height and width of the tiles' input, three numbers for each pass. */
  readonly shapes: Uint32Array;
  /** The next tile; undefined where none is ready: all were handed out, or wait for tiles that were. */
  next(): WasmTile | undefined;
  /** Whether the job goes on though no tile is ready and none is under way: `next` then makes a band of rows. */
  readonly goesOn: boolean;
  put(index: number, data: Float32Array): boolean;
  /** The next piece of the encoded file; undefined when there are no more yet. */
  take(): WasmChunk | undefined;
  /** Says which engine runs the coming tiles. */
  setEngine(backend: string, adapter: string): void;
  warn(text: string): void;
  /** The fidelity map as a PNG, where it was asked for. */
  map(): Uint8Array | undefined;
  report(seconds: number): string;
  free(): void;
}

export interface WasmPreview {
  readonly width: number;
  readonly height: number;
  readonly fullWidth: number;
  readonly fullHeight: number;
  readonly rgba: Uint8ClampedArray;
  readonly format: string;
  readonly warnings: string[];
  free(): void;
}

/** What runs tiles (wasm class of both modules). */
export interface WasmEngine {
  readonly adapter: string;
  readonly software: boolean;
  readonly parallelSessions: number;
  readonly tilesInFlight: number;
  readonly maxBufferBytes: number | undefined;
  /** Channels, height and width of a tile's output; empty before `prepare`. */
  outputShape(slot: number): Uint32Array;
  prepare(slot: number, slots: number, onnx: Uint8Array, channels: number, height: number, width: number): Promise<void>;
  run(slot: number, data: Float32Array): Promise<Float32Array>;
  free(): void;
}

/** The glue that wasm-bindgen writes for a module that runs tiles. */
export interface EngineGlue {
  default(options: { module_or_path: WebAssembly.Module }): Promise<unknown>;
  Engine: { create(backend: string, allowSoftware: boolean): Promise<WasmEngine> };
}

/** The glue of the app module. */
export interface AppGlue extends EngineGlue {
  Model: { load(onnx: Uint8Array, entryJson: string, denoise: number | undefined): WasmModel };
  Passes: new () => WasmPasses;
  Source: { decode(file: Uint8Array): WasmSource };
  /** Takes the picture: it need not be freed. */
  Job: { open(source: WasmSource, fileName: string, passes: WasmPasses, optionsJson: string): WasmJob };
  /** Size of the result and factors of the passes that lead there, all as JSON. */
  planPasses(width: number, height: number, sizeJson: string, stepsJson: string): string;
  fileBytes(type: string, width: number, height: number, quality: number, scale: number): number;
  decodePreview(file: Uint8Array, maxSide: number): WasmPreview;
  version(): string;
}

/** A wasm package as it lies under the asset base. */
export interface Artefact {
  readonly glue: string;
  readonly module: WebAssembly.Module;
}

/** Fetches the script that will probably be needed before the page says so; `entry`: address of the worker, in a folder of the asset base. */
export function preloadBest(entry: string): void {
  const [best] = appPackages();
  if (best) preloadGlue(glueOf(new URL('../', entry).href, best));
}

/** Fetches a package's script while its module is still on the way; what goes wrong comes up again in `instantiate`. */
export function preloadGlue(glue: string): void {
  import(/* @vite-ignore */ glue).catch(() => {});
}

/** Imports the glue of a package and instantiates its module in this worker. */
export async function instantiate<T extends EngineGlue>(artefact: Artefact): Promise<T> {
  let glue: T;
  try {
    glue = (await import(/* @vite-ignore */ artefact.glue)) as T;
  } catch (cause) {
    throw new DeviceError(
      `The engine script ${artefact.glue} could not be loaded.`,
      'Check the connection, then reload the page.',
      cause,
    );
  }
  await glue.default({ module_or_path: artefact.module });
  return glue;
}
