import type { OutputOrder } from '../shared/generated.js';
import type { BackendChoice, Order, SizeRequest } from '../shared/protocol.js';
import { USUAL, USUAL_FILE } from '../shared/usual.js';

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
  output: Required<OutputOrder>;
  /** What is done besides enlarging; what is left out is as usual. */
  finish: Finish;
  /** Whether the result is written straight to a file that is chosen before. */
  direct: boolean;
}

/** What is done besides enlarging. */
export type Finish = Partial<Pick<Order, 'fidelity' | 'denoise' | 'sharpen' | 'grain' | 'wrap'>>;

/** Scales to choose from; other sizes are exact ones. */
export const SCALES: readonly number[] = USUAL.scales;

export function initialSettings(): Settings {
  return {
    model: USUAL.auto, scale: USUAL.scale, measure: 'longEdge', pixels: 4096, megapixels: 24, sheet: { width: 30, height: 20, unit: 'cm' }, dpi: 300,
    backend: 'auto', output: USUAL_FILE, finish: {}, direct: false,
  };
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

/** The order that the settings make: everything that decides what a result looks like. */
export function optionsOf(settings: Settings): Order {
  const { model, backend, output, finish, scale } = settings;
  const { quality, ...lossless } = output;
  return { model, backend, map: true, ...finish, ...(scale > 0 ? { scale } : { size: exactSize(settings) }), output: output.type === 'image/jpeg' ? { quality, ...lossless } : lossless };
}
