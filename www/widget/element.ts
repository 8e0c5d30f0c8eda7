/** Registers `<inlarge-upscaler>`. Loading it twice, or in two versions, leaves the first one in place. */
import { define } from '../elements/define.js';
import type { InlargeUpscalerElement } from './types.js';
import { UpscalerElement } from './upscaler-element.js';

define('inlarge-upscaler', UpscalerElement);

export type { InlargeUpscalerElement, InlargeUpscalerEventMap } from './types.js';

declare global {
  interface HTMLElementTagNameMap {
    'inlarge-upscaler': InlargeUpscalerElement;
  }
}
