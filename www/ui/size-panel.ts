import { html, nothing } from 'lit';
import { about } from '../lib/estimate.js';
import type { Forecast } from './forecast.js';
import type { Session } from './session.js';
import { type Measure, type Settings } from './settings.js';
import { bytes, paper, size } from './words.js';

const MEASURES: readonly { value: Measure; label: string }[] = [
  { value: 'longEdge', label: 'Long edge' },
  { value: 'width', label: 'Width' },
  { value: 'height', label: 'Height' },
  { value: 'megapixels', label: 'Megapixels' },
  { value: '4k', label: 'Fit 4K (3840 × 2160)' },
  { value: '8k', label: 'Fit 8K (7680 × 4320)' },
  { value: '16k', label: 'Fit 16K (15360 × 8640)' },
  { value: 'print', label: 'Print' },
];

/** A number being typed may be none yet: then the setting stays as it is. */
function numberOf(event: Event): number | undefined {
  const value = (event.target as HTMLInputElement).valueAsNumber;
  return Number.isFinite(value) && value > 0 ? value : undefined;
}

/** Scale or exact size, and what comes of it for the selected picture. */
export function sizeFields(session: Session) {
  const { settings, running } = session;
  return html`
    <label class="field"><span>Scale</span>
      <select ?disabled=${running} @change=${(event: Event) => session.set({ scale: Number((event.target as HTMLSelectElement).value) })}>
        ${session.scales.map((scale) => html`<option value=${scale} ?selected=${scale === settings.scale}>${scale}×</option>`)}
        <option value="0" ?selected=${settings.scale === 0}>Exact size</option>
      </select>
    </label>
    ${settings.scale === 0 ? exactFields(session, settings) : nothing}
    ${planLine(session)}`;
}

function exactFields(session: Session, settings: Settings) {
  const { running } = session;
  const { measure } = settings;
  return html`<label class="field"><span>Size by</span>
      <select ?disabled=${running} @change=${(event: Event) => session.set({ measure: (event.target as HTMLSelectElement).value as Measure })}>
        ${MEASURES.map(({ value, label }) => html`<option value=${value} ?selected=${value === measure}>${label}</option>`)}
      </select>
    </label>
    ${measure === 'width' || measure === 'height' || measure === 'longEdge'
      ? number(session, 'Pixels', settings.pixels, 1, (pixels) => ({ pixels }))
      : measure === 'megapixels'
        ? number(session, 'Millions', settings.megapixels, 'any', (megapixels) => ({ megapixels }))
        : measure === 'print'
          ? sheetFields(session, settings)
          : nothing}`;
}

function number(session: Session, label: string, value: number, step: number | 'any', set: (value: number) => Partial<Settings>) {
  return html`<label class="field"><span>${label}</span>${input(session, '', value, step, set)}</label>`;
}

function input(session: Session, name: string, value: number, step: number | 'any', set: (value: number) => Partial<Settings>) {
  return html`<input type="number" inputmode="decimal" min="0" step=${step} aria-label=${name || nothing} .value=${String(value)} ?disabled=${session.running}
    @input=${(event: Event) => {
      const typed = numberOf(event);
      if (typed !== undefined) session.set(set(typed));
    }} />`;
}

function sheetFields(session: Session, { sheet, dpi }: Settings) {
  return html`<div class="field" role="group" aria-label="Sheet"><span>Sheet</span>
      <div class="row-of">
        ${input(session, 'Sheet width', sheet.width, 'any', (width) => ({ sheet: { ...session.settings.sheet, width } }))}
        <span aria-hidden="true">×</span>
        ${input(session, 'Sheet height', sheet.height, 'any', (height) => ({ sheet: { ...session.settings.sheet, height } }))}
        <select aria-label="Unit" ?disabled=${session.running}
          @change=${(event: Event) => session.set({ sheet: { ...session.settings.sheet, unit: (event.target as HTMLSelectElement).value as 'cm' | 'in' } })}>
          <option value="cm" ?selected=${sheet.unit === 'cm'}>cm</option>
          <option value="in" ?selected=${sheet.unit === 'in'}>in</option>
        </select>
      </div>
    </div>
    ${number(session, 'DPI', dpi, 1, (value) => ({ dpi: value }))}`;
}

/** The size that the selected picture will get, in pixels and on paper. */
function planLine(session: Session) {
  const { selected, settings } = session;
  if (!selected) return nothing;
  if (selected.planProblem) return html`<p class="plan problem" role="alert">${selected.planProblem}</p>`;
  const { planned } = selected;
  if (!planned) return nothing;
  const unit = settings.sheet.unit;
  // What is made already costs nothing more.
  const forecast = session.pending.includes(selected) && selected.state !== 'working' ? selected.forecast : undefined;
  return html`<p class="plan"><b>${size(planned.width, planned.height)}</b> pixels<br />${paper(planned.width, planned.height, planned.dpi ?? settings.dpi, unit)}${costs(forecast)}</p>
    ${forecast?.advice.map((text) => html`<p class="advice">${text}</p>`)}`;
}

/** Time, file and memory. */
function costs(forecast: Forecast | undefined) {
  if (!forecast) return nothing;
  const { seconds, bytes: file, memory } = forecast;
  const time = seconds === undefined ? '' : `${capital(about(seconds))},`;
  return html`<br /><span class="costs">${time} file ${bytes(file)}, memory ${bytes(memory)}</span>`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
