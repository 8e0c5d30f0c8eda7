import type { UpscaleResult } from '../lib/types.js';
import type { BackendChoice, Fidelity, MetadataChoice, OutputType, Progress } from '../shared/protocol.js';

/** What fires on an `<inlarge-upscaler>`; all of it bubbles out of shadow roots. */
export interface InlargeUpscalerEventMap {
  'inlarge-progress': CustomEvent<Progress>;
  'inlarge-done': CustomEvent<UpscaleResult>;
  'inlarge-error': CustomEvent<Error>;
}

/** `<inlarge-upscaler>`: an enlarger to put into any page. */
export interface InlargeUpscalerElement extends HTMLElement {
  /** Address of a picture; without one the visitor chooses a file. */
  src: string;
  /** Result pixels per source pixel. */
  scale: number;
  /** An exact size instead: `long-edge 4096`, `width 3000`, `height 2000`, `megapixels 24`, `fit 8k`, `print 30x20cm@300`. */
  size: string;
  /** Empty: as fits the picture. */
  fidelity: Fidelity | '';
  /** Format of the result. */
  type: OutputType;
  metadata: MetadataChoice;
  /** Name of a model, or `auto`. */
  model: string;
  backend: BackendChoice;
  /** File types that the visitor may choose, as for `<input accept>`. */
  accept: string;
  /** Folder with `worker/`, `wasm/` and `models/`; empty means that of the script. */
  assetBase: string;
  /** A file to work on, instead of `src`. */
  file: Blob | undefined;
  /** What came out last; discarded when another result takes its place, another picture is set or the element leaves the page. */
  readonly result: UpscaleResult | undefined;
  /** Enlarges the picture; the same as the button. Rejects as `createUpscaler` does. */
  upscale(): Promise<UpscaleResult>;
  /** Stops what is under way. */
  cancel(): void;
  addEventListener<K extends keyof InlargeUpscalerEventMap>(
    type: K,
    listener: (this: InlargeUpscalerElement, event: InlargeUpscalerEventMap[K]) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject, options?: boolean | AddEventListenerOptions): void;
}
