import { html, LitElement, nothing } from 'lit';
import { property, query, state } from 'lit/decorators.js';
import '../elements/compare.js';
import type { InlargeCompare } from '../elements/compare.js';
import type { Upscaler, UpscaleResult } from '../lib/types.js';
import type { BackendChoice, Fidelity, MetadataChoice, OutputType, Progress, Pyramid } from '../shared/protocol.js';
import { ParameterError } from '../shared/errors.js';
import { USUAL, USUAL_FILE } from '../shared/usual.js';
import { isLarge } from '../elements/large.js';
import { shareUpscaler, type SharedUpscaler } from './shared.js';
import { sizeFrom } from './size.js';
import { widgetStyles } from './styles.js';
import { wordsFor, type Words } from './words.js';

/** The implementation of `<inlarge-upscaler>`; see `InlargeUpscalerElement` for what it offers. */
export class UpscalerElement extends LitElement {
  static override styles = widgetStyles;

  @property() src = '';
  @property({ type: Number }) scale = USUAL.scale;
  @property() model = USUAL.auto;
  @property() size = '';
  @property() fidelity: Fidelity | '' = '';
  @property() type: OutputType = USUAL_FILE.type;
  @property() metadata: MetadataChoice = USUAL_FILE.metadata;
  @property() backend: BackendChoice = 'auto';
  @property() accept = 'image/*,.tif,.tiff';
  @property({ attribute: 'asset-base' }) assetBase = '';
  @property({ attribute: false }) file: Blob | undefined;

  /** What came out last. */
  get result(): UpscaleResult | undefined {
    return this.outcome;
  }

  @state() private outcome: UpscaleResult | undefined;
  @state() private picture = '';
  /** What is shown of the result. */
  @state() private shownUrl = '';
  @state() private pyramid: Pyramid | undefined;
  @state() private pictureSize = { width: 0, height: 0 };
  @state() private progress: Progress | undefined;
  @state() private problem = '';
  @state() private hovering = false;
  @query('inlarge-compare') private compare!: InlargeCompare | null;
  private resultUrl = '';
  /** What `picture` is to show, as soon as it is there. */
  private shownInput: Blob | string | undefined;
  private expected: HTMLImageElement | undefined;
  /** Address of `file`. */
  private fileUrl = '';
  private run: AbortController | undefined;
  private shared: SharedUpscaler | undefined;
  private sharedBase = '';

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.cancel();
    this.shared?.release();
    this.shared = undefined;
    // An element that is only moved is back by then.
    queueMicrotask(() => {
      if (!this.isConnected) this.clearResult();
    });
  }

  override willUpdate(): void {
    if (this.input !== this.shownInput) this.show();
  }

  private get input(): Blob | string | undefined {
    return this.file ?? (this.src || undefined);
  }

  /** Enlarges the picture. The result from before stays until this one is there. */
  async upscale(): Promise<UpscaleResult> {
    const { input } = this;
    if (input === undefined) throw new ParameterError('There is no picture to enlarge.', 'Set src or file, or choose a file.');
    // What was set just now would only be shown later, which ends the run of the picture before.
    if (input !== this.shownInput) this.show();
    this.cancel();
    const run = new AbortController();
    this.run = run;
    this.problem = '';
    this.progress = { phase: 'load', done: 0, total: 1, seconds: 0 };
    try {
      const upscaler = await this.engine();
      run.signal.throwIfAborted();
      const { scale, model, backend, fidelity, type, metadata } = this;
      const result = await upscaler.upscale(input, {
        ...(this.size ? { size: sizeFrom(this.size) } : { scale }), ...(fidelity ? { fidelity } : {}), output: { type, metadata },
        model, backend, signal: run.signal, onProgress: (progress) => this.onProgress(run, progress),
      });
      // Cancelled as it came: it may be of a picture that is no longer shown.
      if (run.signal.aborted) void result.discard();
      run.signal.throwIfAborted();
      this.clearResult();
      this.outcome = result;
      this.resultUrl = URL.createObjectURL(result.blob);
      if (isLarge(result)) void this.cut(upscaler, result);
      else this.shownUrl = this.resultUrl;
      this.emit('inlarge-done', result);
      return result;
    } catch (error) {
      if (!run.signal.aborted) {
        this.problem = error instanceof Error ? error.message : String(error);
        this.emit('inlarge-error', error);
      }
      throw error;
    } finally {
      if (this.run === run) {
        this.run = undefined;
        this.progress = undefined;
      }
    }
  }

  /** Shows a large result by tiles. */
  private async cut(upscaler: Upscaler, result: UpscaleResult): Promise<void> {
    const pyramid = await upscaler.pyramid(result).catch(() => undefined);
    if (this.outcome !== result || !pyramid) return;
    this.pyramid = pyramid;
    this.shownUrl = URL.createObjectURL(pyramid.reduced);
  }

  /** Stops what is under way. */
  cancel(): void {
    this.run?.abort();
  }

  override render() {
    const words = wordsFor(this);
    const { width, height } = this.outcome ?? this.pictureSize;
    const ratio = width > 0 ? `aspect-ratio: ${width} / ${height}` : 'height: 260px';
    return html`<div class=${this.hovering ? 'card hover' : 'card'} part="card" @dragover=${this.onDrag} @dragleave=${this.onDrag} @drop=${this.onDrop}>
      <div class="stage" part="stage" style=${ratio}>
        ${this.picture
          ? html`<inlarge-compare exportparts="viewport, divider, zoom" .source=${this.picture} .result=${this.outcome ? this.shownUrl : ''} .pyramid=${this.pyramid}
              .width=${width} .height=${height} .words=${words} ?exposing=${this.progress?.phase === 'upscale'}></inlarge-compare>`
          : html`<div class="way-in"><span>${words.drop}</span></div>`}
      </div>
      <div class="bar" part="bar">
        ${this.stateOf(words)} ${this.buttons(words)}
      </div>
    </div>`;
  }

  private stateOf(words: Words) {
    const { progress, problem, outcome } = this;
    if (progress) {
      const share = progress.phase === 'upscale' ? progress.done / Math.max(1, progress.total) : progress.phase === 'encode' ? 1 : 0;
      const text = progress.phase === 'upscale' ? words.tile(progress.done, progress.total) : words.loading;
      return html`<div class="state" part="state">${text}
        <div class="track" part="progress" role="progressbar" aria-label=${words.progress} aria-valuemin="0" aria-valuemax="100" aria-valuenow=${Math.floor(share * 100)}>
          <span style="transform: scaleX(${share})"></span>
        </div>
      </div>`;
    }
    return html`<p class=${problem ? 'state bad' : 'state'} part="state" role="status">
      ${problem || (outcome ? words.done(outcome.width, outcome.height) : '')}
    </p>`;
  }

  private buttons(words: Words) {
    if (this.progress) return html`<button type="button" part="button" @click=${() => this.cancel()}>${words.cancel}</button>`;
    const { outcome } = this;
    return html`
      ${this.src ? nothing : html`<label part="button" class=${this.picture || this.file ? '' : 'primary'}>${words.choose}<input type="file" accept=${this.accept} @change=${this.onFile} /></label>`}
      ${outcome
        ? html`<button type="button" part="button" class="primary" @click=${() => this.save(outcome)}>${words.save}</button>`
        : this.src || this.file
          ? html`<button type="button" part="button" class="primary" @click=${() => void this.upscale().catch(() => {})}>${words.upscale}</button>`
          : nothing}`;
  }

  private onProgress(run: AbortController, progress: Progress): void {
    // What arrives when the run is over, or another one begun, says nothing any more.
    if (this.run !== run) return;
    this.progress = progress;
    if (progress.phase === 'upscale') {
      if (progress.done === 0 && progress.size) this.compare?.veil(progress.size.width, progress.size.height);
      if (progress.tile) this.compare?.uncover(progress.tile);
    }
    this.emit('inlarge-progress', progress);
  }

  private engine() {
    if (this.sharedBase !== this.assetBase) this.shared?.release();
    this.shared = this.shared && this.sharedBase === this.assetBase ? this.shared : shareUpscaler(this.assetBase);
    this.sharedBase = this.assetBase;
    const held = this.shared;
    return held.upscaler.catch((error: unknown) => {
      // Not kept: pressing the button again starts anew.
      held.release();
      if (this.shared === held) this.shared = undefined;
      throw error;
    });
  }

  /** Shows the picture that was set, if the browser can; the engine reads more formats than that. */
  private show(): void {
    const { input } = this;
    this.shownInput = input;
    this.cancel();
    this.clearResult();
    this.problem = '';
    if (this.fileUrl) URL.revokeObjectURL(this.fileUrl);
    this.fileUrl = input === undefined || typeof input === 'string' ? '' : URL.createObjectURL(input);
    this.picture = '';
    const image = new Image();
    this.expected = image;
    if (input === undefined) return;
    image.src = this.fileUrl || this.src;
    image.decode().then(
      () => {
        // Another one may have been set while this one was on its way.
        if (this.expected !== image) return;
        this.pictureSize = { width: image.naturalWidth, height: image.naturalHeight };
        this.picture = image.src;
      },
      () => {},
    );
  }

  private clearResult(): void {
    for (const address of new Set([this.resultUrl, this.shownUrl])) if (address) URL.revokeObjectURL(address);
    this.shownUrl = '';
    this.pyramid = undefined;
    this.resultUrl = '';
    void this.outcome?.discard();
    this.outcome = undefined;
  }

  private readonly onFile = (event: Event): void => {
    const input = event.target as HTMLInputElement;
    this.file = input.files?.[0] ?? this.file;
    input.value = '';
  };

  private readonly onDrag = (event: DragEvent): void => {
    if (this.src || !event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    this.hovering = event.type === 'dragover';
  };

  private readonly onDrop = (event: DragEvent): void => {
    this.hovering = false;
    if (this.src) return;
    event.preventDefault();
    this.file = event.dataTransfer?.files[0] ?? this.file;
  };

  private save(result: UpscaleResult): void {
    const link = document.createElement('a');
    link.href = this.resultUrl;
    link.download = result.name;
    link.click();
  }

  private emit(type: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(type, { detail, bubbles: true, composed: true }));
  }
}
