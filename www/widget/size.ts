import { ParameterError } from '../shared/errors.js';
import type { SizeRequest } from '../shared/protocol.js';

/** The size that an attribute names, in the words of the command line: `width 3000`, `fit 8k`, `print 30x20cm@300`. */
export function sizeFrom(text: string): SizeRequest {
  const [name = '', value = ''] = text.trim().toLowerCase().split(/\s+/);
  const number = Number(value);
  if (name === 'fit' && (value === '4k' || value === '8k' || value === '16k')) return { fit: value };
  if (name === 'print' && value) return { print: value };
  if (number > 0) {
    switch (name) {
      case 'width': return { width: Math.round(number) };
      case 'height': return { height: Math.round(number) };
      case 'long-edge': return { longEdge: Math.round(number) };
      case 'megapixels': return { megapixels: number };
    }
  }
  throw new ParameterError(
    `The size "${text}" is not understood.`,
    'Write it as "width 3000", "height 2000", "long-edge 4096", "megapixels 24", "fit 8k" or "print 30x20cm@300".',
  );
}
