import { html, nothing } from 'lit';
import { namesOf, USER_PREFIX } from '../lib/catalogue.js';
import { roughly } from '../lib/estimate.js';
import type { BackendChoice, Fidelity, MetadataChoice, OutputType } from '../shared/protocol.js';
import type { Session } from './session.js';
import { canChooseFile, saveZip } from './save.js';
import type { Settings } from './settings.js';
import { sizeFields } from './size-panel.js';
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
  const takenFor = settings.model === 'auto' ? session.selected?.takenFor : undefined;
  const own = session.models.filter((model) => model.id.startsWith(USER_PREFIX));
  const shipped = namesOf(session.models.filter((model) => !own.includes(model)));
  return html`<div class="settings">
    ${sizeFields(session)}
    <label class="field"><span>Model</span>
      <select ?disabled=${running} @change=${(event: Event) => session.set({ model: valueOf(event) })}>
        <option value="auto" ?selected=${settings.model === 'auto'}>Automatic${takenFor ? `, ${takenFor}` : ''}</option>
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
      ? html`<label class="field"><span>Quality <span class="number">${settings.quality}</span></span>
          <input type="range" min="50" max="100" .value=${String(settings.quality)} ?disabled=${running}
            @input=${(event: Event) => session.set({ quality: Number(valueOf(event)) })} />
        </label>`
      : nothing}
    ${morePanel(session)} ${enginePanel(session)}
  </div>`;
}

const LOCKS: readonly { value: 'auto' | Fidelity; label: string }[] = [
  { value: 'auto', label: 'Automatic' },
  { value: 'lock', label: 'Lock to the picture' },
  { value: 'tone', label: 'Lock the tone only' },
  { value: 'off', label: 'Off' },
];

const METADATA: readonly { value: MetadataChoice; label: string }[] = [
  { value: 'keep', label: 'Keep' },
  { value: 'no-location', label: 'Keep without location' },
  { value: 'none', label: 'None' },
];

/** What few pictures need. The line says what differs from the usual. */
function morePanel(session: Session) {
  const { settings, running } = session;
  const changed = [
    settings.fidelity === 'auto' ? [] : 'fidelity',
    (settings.denoise ?? session.usualDenoise) === session.usualDenoise ? [] : 'denoise',
    settings.sharpen > 0 ? 'sharpen' : [],
    settings.grain > 0 ? 'grain' : [],
    settings.wrap ? 'seamless' : [],
    settings.direct ? 'to a file' : [],
    settings.metadata === 'keep' ? [] : 'metadata',
  ].flat();
  return html`<details class="engine more-settings">
    <summary><span>More</span><span class="value">${changed.join(', ')}</span></summary>
    <div class="settings inner">
      <label class="field"><span>Fidelity</span>
        <select ?disabled=${running} @change=${(event: Event) => session.set({ fidelity: valueOf(event) as 'auto' | Fidelity })}>
          ${LOCKS.map(({ value, label }) => html`<option value=${value} ?selected=${settings.fidelity === value}>${label}</option>`)}
        </select>
      </label>
      ${share(session, 'Denoise', settings.denoise ?? session.usualDenoise, (denoise) => ({ denoise }))}
      ${share(session, 'Sharpen', settings.sharpen, (sharpen) => ({ sharpen }))}
      ${share(session, 'Grain', settings.grain, (grain) => ({ grain }))}
      <label class="field"><span>Metadata</span>
        <select ?disabled=${running} @change=${(event: Event) => session.set({ metadata: valueOf(event) as MetadataChoice })}>
          ${METADATA.map(({ value, label }) => html`<option value=${value} ?selected=${settings.metadata === value}>${label}</option>`)}
        </select>
      </label>
      <label class="check"><input type="checkbox" ?disabled=${running} .checked=${settings.wrap}
          @change=${(event: Event) => session.set({ wrap: (event.target as HTMLInputElement).checked })} />
        <span>Seamless texture</span></label>
      ${canChooseFile()
        ? html`<label class="check"><input type="checkbox" ?disabled=${running} .checked=${settings.direct}
              @change=${(event: Event) => session.set({ direct: (event.target as HTMLInputElement).checked })} />
            <span>Write straight to a file</span></label>`
        : nothing}
    </div>
  </details>`;
}

/** A slider from 0 to 100 % for a share of 0 to 1. */
function share(session: Session, label: string, value: number, set: (value: number) => Partial<Settings>) {
  return html`<label class="field"><span>${label} <span class="number">${value > 0 ? Math.round(value * 100) : ''}</span></span>
    <input type="range" min="0" max="100" .value=${String(Math.round(value * 100))} ?disabled=${session.running}
      @input=${(event: Event) => session.set(set(Number(valueOf(event)) / 100))} />
  </label>`;
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
          ${result ? html`<button type="button" class=${fresh ? 'plain' : 'primary'} @click=${() => session.save(selected)}>Save</button>` : nothing}
        </div>`
      : nothing}
    ${!result || fresh
      ? html`<button type="button" class="primary" ?disabled=${!fresh} @click=${() => void session.upscale()}>Upscale</button>`
      : nothing}
  </div>`;
}

function runningActions(session: Session) {
  const { selected } = session;
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
    <div class="pair">
      ${selected?.result
        ? html`<button type="button" class="plain" @click=${() => session.save(selected)}>Save ${selected.state === 'done' ? 'this result' : 'the result from before'}</button>`
        : nothing}
      <button type="button" class="plain" @click=${() => session.cancel()}>Cancel</button>
    </div>
  </div>`;
}
