import { html, nothing } from 'lit';
import { namesOf } from '../lib/catalogue.js';
import { roughly } from '../lib/estimate.js';
import type { OutputOrder } from '../shared/generated.js';
import type { BackendChoice, Fidelity, MetadataChoice, OutputType } from '../shared/protocol.js';
import { USUAL_FILE } from '../shared/usual.js';
import type { Workspace } from './workspace.js';
import { canChooseFile, saveZip } from './save.js';
import type { Finish } from './settings.js';
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
export function settingsPanel(workspace: Workspace) {
  const { settings, running } = workspace;
  const takenFor = settings.model === 'auto' ? workspace.selected?.takenFor : undefined;
  const own = workspace.models.filter((model) => !model.file);
  const output = (change: Partial<OutputOrder>): void => workspace.set({ output: { ...settings.output, ...change } });
  const shipped = namesOf(workspace.models.filter((model) => !own.includes(model)));
  return html`<div class="settings">
    ${sizeFields(workspace)}
    <label class="field"><span>Model</span>
      <select ?disabled=${running} @change=${(event: Event) => workspace.set({ model: valueOf(event) })}>
        <option value="auto" ?selected=${settings.model === 'auto'}>Automatic${takenFor ? `, ${takenFor}` : ''}</option>
        ${shipped.map((name) => html`<option value=${name} ?selected=${settings.model === name}>${name}</option>`)}
        ${own.map((model) => html`<option value=${model.id} ?selected=${settings.model === model.id}>${model.name} (yours)</option>`)}
      </select>
    </label>
    <label class="field"><span>Format</span>
      <select ?disabled=${running} @change=${(event: Event) => output({ type: valueOf(event) as OutputType })}>
        ${TYPES.map(({ value, label }) => html`<option value=${value} ?selected=${settings.output.type === value}>${label}</option>`)}
      </select>
    </label>
    ${settings.output.type === 'image/jpeg'
      ? html`<label class="field"><span>Quality <span class="number">${settings.output.quality}</span></span>
          <input type="range" min="50" max="100" .value=${String(settings.output.quality)} ?disabled=${running}
            @input=${(event: Event) => output({ quality: Number(valueOf(event)) })} />
        </label>`
      : nothing}
    ${morePanel(workspace)} ${enginePanel(workspace)}
  </div>`;
}

const LOCKS: readonly { value: '' | Fidelity; label: string }[] = [
  { value: '', label: 'Automatic' },
  { value: 'lock', label: 'Lock to the picture' },
  { value: 'tone', label: 'Lock the tone only' },
  { value: 'off', label: 'Off' },
];

const METADATA: readonly { value: MetadataChoice; label: string }[] = [
  { value: 'keep', label: 'Keep' },
  { value: 'no-location', label: 'Keep without location' },
  { value: 'none', label: 'None' },
];

/** Shares of 0 to 1 that a picture can be finished with, in the order in which they are shown. */
const SHARES = { denoise: 'Denoise', sharpen: 'Sharpen', grain: 'Grain' } as const;

/** What few pictures need. The line says what differs from the usual. */
function morePanel(workspace: Workspace) {
  const { settings, running } = workspace;
  const { finish, output } = settings;
  const valueOfShare = (key: keyof typeof SHARES): number => finish[key] ?? (key === 'denoise' ? workspace.usualDenoise : 0);
  const set = (change: Finish): void => workspace.finish(change);
  const shares = Object.entries(SHARES) as [keyof typeof SHARES, string][];
  const changed = [
    finish.fidelity ? 'fidelity' : [],
    shares.flatMap(([key]) => (valueOfShare(key) === (key === 'denoise' ? workspace.usualDenoise : 0) ? [] : key)),
    finish.wrap ? 'seamless' : [],
    settings.direct ? 'to a file' : [],
    output.metadata === USUAL_FILE.metadata ? [] : 'metadata',
  ].flat();
  return html`<details class="engine more-settings">
    <summary><span>More</span><span class="value">${changed.join(', ')}</span></summary>
    <div class="settings inner">
      <label class="field"><span>Fidelity</span>
        <select ?disabled=${running} @change=${(event: Event) => set({ fidelity: (valueOf(event) || null) as Fidelity | null })}>
          ${LOCKS.map(({ value, label }) => html`<option value=${value} ?selected=${(finish.fidelity ?? '') === value}>${label}</option>`)}
        </select>
      </label>
      ${shares.map(([key, label]) => share(workspace, label, valueOfShare(key), (value) => set({ [key]: value })))}
      <label class="field"><span>Metadata</span>
        <select ?disabled=${running} @change=${(event: Event) => workspace.set({ output: { ...output, metadata: valueOf(event) as MetadataChoice } })}>
          ${METADATA.map(({ value, label }) => html`<option value=${value} ?selected=${output.metadata === value}>${label}</option>`)}
        </select>
      </label>
      <label class="check"><input type="checkbox" ?disabled=${running} .checked=${finish.wrap ?? false}
          @change=${(event: Event) => set({ wrap: (event.target as HTMLInputElement).checked })} />
        <span>Seamless texture</span></label>
      ${canChooseFile()
        ? html`<label class="check"><input type="checkbox" ?disabled=${running} .checked=${settings.direct}
              @change=${(event: Event) => workspace.set({ direct: (event.target as HTMLInputElement).checked })} />
            <span>Write straight to a file</span></label>`
        : nothing}
    </div>
  </details>`;
}

/** A slider from 0 to 100 % for a share of 0 to 1. */
function share(workspace: Workspace, label: string, value: number, set: (value: number) => void) {
  return html`<label class="field"><span>${label} <span class="number">${value > 0 ? Math.round(value * 100) : ''}</span></span>
    <input type="range" min="0" max="100" .value=${String(Math.round(value * 100))} ?disabled=${workspace.running}
      @input=${(event: Event) => set(Number(valueOf(event)) / 100)} />
  </label>`;
}

function enginePanel(workspace: Workspace) {
  const { engine, engineProblem, settings, running } = workspace;
  return html`<details class="engine">
    <summary><span>Engine</span><span class="value">${settings.backend === 'auto' ? 'Automatic' : settings.backend}</span></summary>
    <div class="inside">
      <select aria-label="Engine" ?disabled=${running} @change=${(event: Event) => void workspace.chooseEngine(valueOf(event) as BackendChoice)}>
        ${ENGINES.map(({ value, label }) => html`<option value=${value} ?selected=${settings.backend === value}>${label}</option>`)}
      </select>
      ${engine ? html`<p class="note">${engineKind(engine)}</p>` : nothing}
      ${engine && engine.refusals.length > 0
        ? html`<ul class="refusals">${engine.refusals.map(({ backend, reason }) => html`<li><b>Not ${backend}:</b> ${reason}</li>`)}</ul>`
        : nothing}
      ${engineProblem ? html`<p class="note problem">${engineProblem}</p>` : nothing}
      <label class="quiet" for="network">Add a network (ONNX)</label>
      <p class="note"><a href="licences.txt" target="_blank">Licences of what this page contains</a></p>
      <input id="network" class="hidden" type="file" accept=".onnx" ?disabled=${running} @change=${(event: Event) => takeModel(event, workspace)} />
    </div>
  </details>`;
}

function takeModel(event: Event, workspace: Workspace): void {
  const input = event.target as HTMLInputElement;
  const file = input.files?.[0];
  input.value = '';
  if (file) void workspace.addModel(file);
}

/** The button of the moment: Upscale, Cancel with progress, or Save. */
export function actions(workspace: Workspace) {
  const { selected, running } = workspace;
  if (running) return runningActions(workspace);
  const finished = workspace.items.flatMap((item) => item.result ?? []);
  const result = selected?.result;
  const fresh = workspace.pending.length > 0;
  return html`<div class="actions">
    ${finished.length > 1 || result
      ? html`<div class="pair">
          ${finished.length > 1 ? html`<button type="button" class="plain" @click=${() => void saveZip(finished)}>Save all as ZIP</button>` : nothing}
          ${result ? html`<button type="button" class=${fresh ? 'plain' : 'primary'} @click=${() => workspace.save(selected)}>Save</button>` : nothing}
        </div>`
      : nothing}
    ${!result || fresh
      ? html`<button type="button" class="primary" ?disabled=${!fresh} @click=${() => void workspace.upscale()}>Upscale</button>`
      : nothing}
  </div>`;
}

function runningActions(workspace: Workspace) {
  const { selected } = workspace;
  const working = workspace.items.find((item) => item.state === 'working');
  const left = workspace.batch.secondsLeft;
  const percent = Math.floor(workspace.batch.overall * 100);
  const line = working ? progressLine(working, workspace.items.length > 1 ? undefined : left) : 'Starting the engine';
  const many = workspace.batch.size > 1;
  return html`<div class="actions running">
    <div class="progress-line"><span>${many && working ? working.file.name : line}</span><span class="percent">${percent} %</span></div>
    <div class="bar" role="progressbar" aria-label="Progress" aria-valuemin="0" aria-valuemax="100" aria-valuenow=${percent} aria-valuetext="${percent} %, ${line}">
      <span style="transform: scaleX(${workspace.batch.overall})"></span>
    </div>
    ${many ? html`<p class="note">${line}${left === undefined ? '' : `, ${roughly(left)} in all`}</p>` : nothing}
    <div class="pair">
      ${selected?.result
        ? html`<button type="button" class="plain" @click=${() => workspace.save(selected)}>Save ${selected.state === 'done' ? 'this result' : 'the result from before'}</button>`
        : nothing}
      <button type="button" class="plain" @click=${() => workspace.cancel()}>Cancel</button>
    </div>
  </div>`;
}
