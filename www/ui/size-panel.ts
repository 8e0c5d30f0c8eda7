import { html, nothing } from 'lit';
import { about } from '../lib/estimate.js';
import type { Plan } from '../shared/protocol.js';
import type { Workspace } from './workspace.js';
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
export function sizeFields(workspace: Workspace) {
  const { settings, running } = workspace;
  return html`
    <label class="field"><span>Scale</span>
      <select ?disabled=${running} @change=${(event: Event) => workspace.set({ scale: Number((event.target as HTMLSelectElement).value) })}>
        ${workspace.scales.map((scale) => html`<option value=${scale} ?selected=${scale === settings.scale}>${scale}×</option>`)}
        <option value="0" ?selected=${settings.scale === 0}>Exact size</option>
      </select>
    </label>
    ${settings.scale === 0 ? exactFields(workspace, settings) : nothing}
    ${planLine(workspace)}`;
}

function exactFields(workspace: Workspace, settings: Settings) {
  const { running } = workspace;
  const { measure } = settings;
  return html`<label class="field"><span>Size by</span>
      <select ?disabled=${running} @change=${(event: Event) => workspace.set({ measure: (event.target as HTMLSelectElement).value as Measure })}>
        ${MEASURES.map(({ value, label }) => html`<option value=${value} ?selected=${value === measure}>${label}</option>`)}
      </select>
    </label>
    ${measure === 'width' || measure === 'height' || measure === 'longEdge'
      ? number(workspace, 'Pixels', settings.pixels, 1, (pixels) => ({ pixels }))
      : measure === 'megapixels'
        ? number(workspace, 'Millions', settings.megapixels, 'any', (megapixels) => ({ megapixels }))
        : measure === 'print'
          ? sheetFields(workspace, settings)
          : nothing}`;
}

function number(workspace: Workspace, label: string, value: number, step: number | 'any', set: (value: number) => Partial<Settings>) {
  return html`<label class="field"><span>${label}</span>${input(workspace, '', value, step, set)}</label>`;
}

function input(workspace: Workspace, name: string, value: number, step: number | 'any', set: (value: number) => Partial<Settings>) {
  return html`<input type="number" inputmode="decimal" min="0" step=${step} aria-label=${name || nothing} .value=${String(value)} ?disabled=${workspace.running}
    @input=${(event: Event) => {
      const typed = numberOf(event);
      if (typed !== undefined) workspace.set(set(typed));
    }} />`;
}

function sheetFields(workspace: Workspace, { sheet, dpi }: Settings) {
  return html`<div class="field" role="group" aria-label="Sheet"><span>Sheet</span>
      <div class="row-of">
        ${input(workspace, 'Sheet width', sheet.width, 'any', (width) => ({ sheet: { ...workspace.settings.sheet, width } }))}
        <span aria-hidden="true">×</span>
        ${input(workspace, 'Sheet height', sheet.height, 'any', (height) => ({ sheet: { ...workspace.settings.sheet, height } }))}
        <select aria-label="Unit" ?disabled=${workspace.running}
          @change=${(event: Event) => workspace.set({ sheet: { ...workspace.settings.sheet, unit: (event.target as HTMLSelectElement).value as 'cm' | 'in' } })}>
          <option value="cm" ?selected=${sheet.unit === 'cm'}>cm</option>
          <option value="in" ?selected=${sheet.unit === 'in'}>in</option>
        </select>
      </div>
    </div>
    ${number(workspace, 'DPI', dpi, 1, (value) => ({ dpi: value }))}`;
}

/** The size that the selected picture will get, in pixels and on paper. */
function planLine(workspace: Workspace) {
  const { selected, settings } = workspace;
  if (!selected) return nothing;
  if (selected.planProblem) return html`<p class="plan problem" role="alert">${selected.planProblem}</p>`;
  const { planned } = selected;
  if (!planned) return nothing;
  const unit = settings.sheet.unit;
  // What is made already costs nothing more.
  const forecast = workspace.pending.includes(selected) && selected.state !== 'working' ? planned : undefined;
  return html`<p class="plan"><b>${size(planned.width, planned.height)}</b> pixels<br />${paper(planned.width, planned.height, planned.dpi ?? settings.dpi, unit)}${costs(forecast)}</p>
    ${forecast?.advice.map((text) => html`<p class="advice">${text}.</p>`)}`;
}

/** Time, file and memory. */
function costs(plan: Plan | undefined) {
  if (!plan) return nothing;
  const { seconds, bytes: file, memory_bytes: memory } = plan;
  const time = seconds === null ? '' : `${capital(about(seconds))},`;
  return html`<br /><span class="costs">${time} file ${bytes(file)}, memory ${bytes(memory)}</span>`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
