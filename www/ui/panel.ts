import { html, nothing } from 'lit';
import { namesOf, USER_PREFIX } from '../lib/catalogue.js';
import { roughly } from '../lib/estimate.js';
import type { BackendChoice, OutputType } from '../shared/protocol.js';
import type { Session } from './session.js';
import { saveZip, save } from './save.js';
import { engineKind, progressLine } from './words.js';

const valueOf = (event: Event): string => (event.target as HTMLSelectElement).value;

const ENGINES: readonly { value: BackendChoice; label: string }[] = [
  { value: 'auto', label: 'Automatic' },
  { value: 'gpu', label: 'gpu: WebGPU' },
  { value: 'simd', label: 'simd: processor' },
  { value: 'tract', label: 'tract: processor, slower, any model' },
  { value: 'reference', label: 'reference: slow, exact' },
];

const TYPES: readonly { value: OutputType; label: string }[] = [
  { value: 'image/png', label: 'PNG' },
  { value: 'image/jpeg', label: 'JPEG' },
  { value: 'image/webp', label: 'WebP, lossless' },
  { value: 'image/tiff', label: 'TIFF' },
];

/** Model, scale, format and engine. */
export function settingsPanel(session: Session) {
  const { settings, running } = session;
  const own = session.models.filter((model) => model.id.startsWith(USER_PREFIX));
  const shipped = namesOf(session.models.filter((model) => !own.includes(model)));
  return html`<div class="settings">
    <label class="field"><span>Scale</span>
      <select ?disabled=${running} @change=${(event: Event) => session.set({ scale: Number(valueOf(event)) })}>
        ${session.scales.map((scale) => html`<option value=${scale} ?selected=${scale === settings.scale}>${scale}×</option>`)}
      </select>
    </label>
    <label class="field"><span>Model</span>
      <select ?disabled=${running} @change=${(event: Event) => session.set({ model: valueOf(event) })}>
        <option value="auto" ?selected=${settings.model === 'auto'}>Automatic</option>
        ${shipped.map((name) => html`<option value=${name} ?selected=${settings.model === name}>${name}</option>`)}
        ${own.map((model) => html`<option value=${model.id} ?selected=${settings.model === model.id}>${model.name} (yours)</option>`)}
      </select>
    </label>
    <label class="field"><span>Format</span>
      <select ?disabled=${running} @change=${(event: Event) => session.set({ type: valueOf(event) as OutputType })}>
        ${TYPES.map(({ value, label }) => html`<option value=${value} ?selected=${settings.type === value}>${label}</option>`)}
      </select>
    </label>
    ${settings.type === 'image/jpeg'
      ? html`<label class="field"><span>Quality <output>${settings.quality}</output></span>
          <input type="range" min="50" max="100" .value=${String(settings.quality)} ?disabled=${running}
            @input=${(event: Event) => session.set({ quality: Number(valueOf(event)) })} />
        </label>`
      : nothing}
    ${enginePanel(session)}
  </div>`;
}

function enginePanel(session: Session) {
  const { engine, engineProblem, settings, running } = session;
  return html`<details class="engine">
    <summary><span>Engine</span><span class="value">${settings.backend === 'auto' ? 'Automatic' : settings.backend}</span></summary>
    <div class="inside">
      <select aria-label="Engine" ?disabled=${running} @change=${(event: Event) => void session.chooseEngine(valueOf(event) as BackendChoice)}>
        ${ENGINES.map(({ value, label }) => html`<option value=${value} ?selected=${settings.backend === value}>${label}</option>`)}
      </select>
      ${engine ? html`<p class="note">${engineKind(engine)}</p>` : nothing}
      ${engine && engine.refusals.length > 0
        ? html`<ul class="refusals">${engine.refusals.map(({ backend, reason }) => html`<li><b>Not ${backend}:</b> ${reason}</li>`)}</ul>`
        : nothing}
      ${engineProblem ? html`<p class="note problem">${engineProblem}</p>` : nothing}
      <label class="quiet" for="network">Add a network (ONNX)</label>
      <input id="network" class="hidden" type="file" accept=".onnx" ?disabled=${running} @change=${(event: Event) => takeModel(event, session)} />
    </div>
  </details>`;
}

function takeModel(event: Event, session: Session): void {
  const input = event.target as HTMLInputElement;
  const file = input.files?.[0];
  input.value = '';
  if (file) void session.addModel(file);
}

/** The button of the moment: Upscale, Cancel with progress, or Save. */
export function actions(session: Session) {
  const { selected, running } = session;
  if (running) return runningActions(session);
  const finished = session.items.flatMap((item) => item.result ?? []);
  const result = selected?.result;
  const fresh = session.pending.length > 0;
  return html`<div class="actions">
    ${finished.length > 1 || result
      ? html`<div class="pair">
          ${finished.length > 1 ? html`<button type="button" class="plain" @click=${() => void saveZip(finished)}>Save all as ZIP</button>` : nothing}
          ${result ? html`<button type="button" class=${fresh ? 'plain' : 'primary'} @click=${() => save(result.blob, result.name)}>Save</button>` : nothing}
        </div>`
      : nothing}
    ${!result || fresh
      ? html`<button type="button" class="primary" ?disabled=${!fresh} @click=${() => void session.upscale()}>Upscale</button>`
      : nothing}
  </div>`;
}

function runningActions(session: Session) {
  const working = session.items.find((item) => item.state === 'working');
  const left = session.secondsLeft;
  const percent = Math.floor(session.overall * 100);
  const line = working ? progressLine(working, session.items.length > 1 ? undefined : left) : 'Starting the engine';
  const many = session.batchSize > 1;
  return html`<div class="actions running">
    <div class="progress-line"><span>${many && working ? working.file.name : line}</span><span class="percent">${percent} %</span></div>
    <div class="bar" role="progressbar" aria-label="Progress" aria-valuemin="0" aria-valuemax="100" aria-valuenow=${percent} aria-valuetext="${percent} %, ${line}">
      <span style="transform: scaleX(${session.overall})"></span>
    </div>
    ${many ? html`<p class="note">${line}${left === undefined ? '' : `, ${roughly(left)} in all`}</p>` : nothing}
    <button type="button" class="plain" @click=${() => session.cancel()}>Cancel</button>
  </div>`;
}
