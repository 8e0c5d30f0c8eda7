import { html, nothing } from 'lit';
import type { Kind } from '../shared/manifest.js';
import type { Fidelity, Report } from '../shared/protocol.js';
import type { Item } from './item.js';
import type { Workspace } from './workspace.js';
import { seconds } from './words.js';

const LOCKS: Record<Fidelity, string> = {
  lock: 'Locked: scaled back down, the result is your picture',
  tone: 'Tone locked: colours and light are yours, noise may go',
  off: 'Off: as the network says',
};

/** What the model was chosen by. */
const KINDS: Record<Kind, string> = {
  photo: 'a photograph, or as soft as one',
  art: 'a drawing; if it is none, choose another model',
  text: 'text or a screen; if it is neither, choose another model',
};

/** What was done to the selected picture: which part is the network's, how faithful it is, and what to know about it. */
export function outcome(workspace: Workspace, item: Item) {
  const { result } = item;
  if (!result) return nothing;
  const { report } = result;
  return html`<section class="outcome" aria-label="What came out">
    <dl>
      <dt>Made by</dt><dd>${report.model || 'no network'} on ${report.backend}, ${seconds(report.seconds)}</dd>
      ${report.kind ? html`<dt>Taken for</dt><dd>${KINDS[report.kind]}</dd>` : nothing}
      <dt>Enlarged</dt><dd>${partsOf(report)}</dd>
      <dt>Fidelity</dt><dd>${LOCKS[report.fidelity]}</dd>
      ${report.lr_psnr === null
        ? nothing
        : html`<dt>LR-PSNR</dt><dd title="How closely the result, scaled back down, matches the source; 40 dB and more cannot be seen">${report.lr_psnr.toFixed(1)} dB, scaled back down by ${report.lr_kernel}</dd>`}
    </dl>
    ${item.mapUrl
      ? html`<label class="check"><input type="checkbox" .checked=${workspace.mapShown} @change=${(event: Event) => workspace.showMap((event.target as HTMLInputElement).checked)} />
          <span>Show the fidelity map</span></label>`
      : nothing}
    ${report.warnings.map((text) => html`<p class="warning">${text}</p>`)}
  </section>`;
}

/** "4× by the network, then resampled to 3×". */
export function partsOf({ passes, scale }: Pick<Report, 'passes' | 'scale'>): string {
  const shown = (factor: number): string => `${Number(factor.toFixed(2))}×`;
  if (passes.length === 0) return `resampled to ${shown(scale)}; no network was needed`;
  const made = passes.reduce((product, factor) => product * factor, 1);
  const network = passes.length === 1 ? `${shown(made)} by the network` : `${passes.map(shown).join(' and then ')} by the network`;
  // An exact size is rounded to whole pixels.
  if (Math.abs(made / scale - 1) < 0.005) return made === 1 ? 'not at all: restored at its own size' : `${network}, all of it`;
  return `${network}, then resampled to ${shown(scale)}`;
}

/** What the colours of the fidelity map say. */
export function mapLegend() {
  return html`<div class="legend" role="note">
    <span class="ramp" aria-hidden="true"></span>
    <span><b>Dark</b>: the network agreed with your picture. <b>Bright</b>: it contradicted it, at yellow by 4 % of full brightness or more, before the lock.</span>
  </div>`;
}
