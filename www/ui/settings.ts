import type { UpscaleOptions } from '../lib/types.js';
import type { BackendChoice, Fidelity, MetadataChoice, OutputType, SizeRequest } from '../shared/protocol.js';

/** What an exact size is measured by. */
export type Measure = 'width' | 'height' | 'longEdge' | 'megapixels' | '4k' | '8k' | '16k' | 'print';

/** A sheet of paper to fill. */
export interface Sheet {
  readonly width: number;
  readonly height: number;
  readonly unit: 'cm' | 'in';
}

/** What the user can set. */
export interface Settings {
  model: string;
  /** Result pixels per source pixel; 0: the exact size counts. */
  scale: number;
  measure: Measure;
  /** Pixels of the side that `measure` names. */
  pixels: number;
  megapixels: number;
  sheet: Sheet;
  /** Pixels an inch of a print. */
  dpi: number;
  backend: BackendChoice;
  type: OutputType;
  /** JPEG quality, 1 to 100. */
  quality: number;
  metadata: MetadataChoice;
  fidelity: 'auto' | Fidelity;
  /** Shares, 0 to 1; undefined denoises as much as the network was made to. */
  denoise: number | undefined;
  sharpen: number;
  grain: number;
  /** Whether opposite edges join. */
  wrap: boolean;
  /** Whether the result is written straight to a file that is chosen before. */
  direct: boolean;
}

/** Scales to choose from; other sizes are exact ones. */
export const SCALES: readonly number[] = [2, 3, 4, 8, 16];

export function initialSettings(): Settings {
  return {
    model: 'auto', scale: 4, measure: 'longEdge', pixels: 4096, megapixels: 24, sheet: { width: 30, height: 20, unit: 'cm' }, dpi: 300, backend: 'auto',
    type: 'image/png', quality: 90, metadata: 'keep', fidelity: 'auto', denoise: undefined, sharpen: 0, grain: 0, wrap: false,
    direct: false,
  };
}

/** The size as the library takes it: a scale, or one exact measure. */
export function sizeOptions(settings: Settings): Pick<UpscaleOptions, 'scale' | 'size'> {
  const { scale } = settings;
  return scale > 0 ? { scale } : { size: exactSize(settings) };
}

function exactSize({ measure, pixels, megapixels, sheet, dpi }: Settings): SizeRequest {
  switch (measure) {
    case 'width': return { width: Math.round(pixels) };
    case 'height': return { height: Math.round(pixels) };
    case 'longEdge': return { longEdge: Math.round(pixels) };
    case 'megapixels': return { megapixels };
    case '4k':
    case '8k':
    case '16k': return { fit: measure };
    case 'print': return { print: `${sheet.width}x${sheet.height}${sheet.unit}@${dpi}` };
  }
}

/** Everything that decides what a result looks like, for the library. */
export function optionsOf(settings: Settings): UpscaleOptions {
  const { model, backend, type, quality, metadata, fidelity, denoise, sharpen, grain, wrap } = settings;
  return {
    model, backend, sharpen, grain, wrap, map: true, ...sizeOptions(settings), ...(fidelity === 'auto' ? {} : { fidelity }),
    ...(denoise === undefined ? {} : { denoise }),
    output: { type, metadata, ...(type === 'image/jpeg' ? { quality } : {}) },
  };
}
