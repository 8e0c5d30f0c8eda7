import type { Kind, ModelEntry } from '../shared/manifest.js';
import type {
  BackendChoice, EngineReport, Machine, Order, Plan, PreviewResult, Pyramid, Progress, Report, SinkChoice,
} from '../shared/protocol.js';

/** What can be enlarged. An address is fetched from its own origin, or from wherever the page's connect-src allows. */
export type UpscaleInput = Blob | ImageBitmap | HTMLImageElement | string;

export interface UpscalerOptions {
  /** Which engine runs the networks; `auto` takes the best that can be trusted. */
  readonly backend?: BackendChoice;
  /** Most compute workers on the CPU; left out, it follows the processor and memory. */
  readonly workers?: number;
  /** Folder with `worker/`, `wasm/` and `models/`; left out, the folder of this script. */
  readonly assetBase?: string | URL;
  /** Called for every picture, beside the picture's own callback. */
  readonly onProgress?: (progress: Progress) => void;
  /** Aborting it disposes of the upscaler and everything under way. */
  readonly signal?: AbortSignal;
}

/** What to make of a picture: an order, and what concerns the call. */
export interface UpscaleOptions extends Order {
  /**
   * Where the result is written while it is made: a file that the user chose (`showSaveFilePicker`), `storage` (the origin's
   * private file system), or `memory`. `auto` takes the storage where the result will be large and the browser offers it.
   */
  readonly sink?: SinkChoice;
  /** File name for the report and the saved file, where the input has none of its own. */
  readonly name?: string;
  readonly onProgress?: (progress: Progress) => void;
  /** Aborting it rejects the call with an `AbortError` at once and ends the work. */
  readonly signal?: AbortSignal;
}

/** What is known of a picture that is planned. */
export interface PlannedPicture {
  readonly width: number;
  readonly height: number;
  readonly kind?: Kind | undefined;
  readonly name?: string;
}

export interface UpscaleResult {
  /** The enlarged picture as a file. */
  readonly blob: Blob;
  readonly width: number;
  readonly height: number;
  readonly report: Report;
  /** A PNG of the source's size that shows where the networks contradicted it, where `map` was asked for. */
  readonly map?: Blob;
  /** A name to save it under, such as `photo-4x.png`. */
  readonly name: string;
  /**
   * Frees what the browser's storage holds of the result, if anything, and resolves when it is gone. `blob` can still be read for ten
   * seconds, which a download that has just begun needs, and not any more then.
   */
  discard(): Promise<void>;
}

/** A running engine with its queue: pictures are enlarged one after the other. */
export interface Upscaler {
  /** What runs the networks, and why other engines do not. */
  readonly engine: EngineReport;
  upscale(input: UpscaleInput, options?: UpscaleOptions): Promise<UpscaleResult>;
  /**
   * Fetches a model and starts the workers that a picture will need, while the user is still choosing. Never rejects: what
   * goes wrong comes up with the picture.
   */
  ready(options?: UpscaleOptions): Promise<void>;
  /**
   * What an order will make of a picture: size, passes, name, bytes, memory, and time and advice as far as `machine` lets it be told. Undefined
   * where only running the network tells. For the model `auto`, `kind` is what the picture shows, a photograph unless told. Rejects with a
   * `ParameterError` or `LimitsError` where `upscale` would.
   */
  plan(picture: PlannedPicture, options?: UpscaleOptions, machine?: Partial<Machine>): Promise<Plan | undefined>;
  /** What a picture shows, as far as can be guessed: what the model `auto` goes by. */
  kind(input: UpscaleInput): Promise<Kind>;
  /** The models that can be chosen, the user's own included. */
  models(): readonly ModelEntry[];
  /** Adds an ONNX network for this session. Its `id` is what `model` takes. */
  addModel(file: Blob): Promise<ModelEntry>;
  /** Starts another engine and uses it for the pictures to come. */
  useEngine(backend: BackendChoice): Promise<EngineReport>;
  /** A small PNG of a picture that the browser cannot show itself, such as a TIFF. */
  preview(input: UpscaleInput, maxSide: number): Promise<PreviewResult>;
  /**
   * A result cut into tiles, with a reduced picture of the whole, for showing what is too large for one image element. Undefined
   * where it cannot be: a JPEG or WebP of more than 100 megapixels, a TIFF.
   */
  pyramid(result: Pick<UpscaleResult, 'blob' | 'width' | 'height'>): Promise<Pyramid | undefined>;
  /** Ends every worker; what is under way rejects with an `AbortError`. */
  dispose(): void;
}
