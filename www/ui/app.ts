import { html, LitElement, nothing } from 'lit';
import { property, query, state } from 'lit/decorators.js';
import type { InlargeCompare } from '../elements/compare.js';
import { define } from '../elements/define.js';
import { offerUpdates, type Notices } from '../pwa/register.js';
import type { Progress } from '../shared/protocol.js';
import { logo } from './art.js';
import { takeIn } from './intake.js';
import type { Item } from './item.js';
import { actions, settingsPanel } from './panel.js';
import { Workspace } from './workspace.js';
import { outcome } from './outcome.js';
import { caption, emptyStage, pictureStage } from './stage.js';
import { strip } from './strip.js';
import { appStyles } from './styles.js';
import { engineSentence } from './words.js';

/** What the file dialog offers: the engine's own decoders, and what some browsers can decode for it. */
const ACCEPT = 'image/png,image/jpeg,image/webp,image/gif,image/bmp,image/tiff,image/avif,image/heic,image/jxl,.tif,.tiff,.bmp,.avif,.heic,.jxl';

/** The page. */
export class InlargeApp extends LitElement {
  static override styles = appStyles;

  @property({ attribute: false }) workspace = new Workspace();
  @state() private hovering = false;
  @state() private notices: Notices = { update: undefined, offline: false };
  @query('inlarge-compare') private compare!: InlargeCompare | null;
  @query('.stage') private stage!: HTMLElement;
  private shown: Item | undefined;
  private stopIntake = (): void => {};

  override connectedCallback(): void {
    super.connectedCallback();
    this.workspace.addEventListener('change', () => this.requestUpdate());
    this.workspace.addEventListener('tile', (event) => this.onTile(event as CustomEvent<{ item: Item; progress: Progress }>));
    this.stopIntake = takeIn((files) => this.workspace.add(files), (hovering) => (this.hovering = hovering));
    // The engine starts in workers while the page draws. Keeping everything for visits without a network comes after the first picture.
    void this.workspace.warm().then(() => this.workspace.idle()).then(() => offerUpdates((news) => (this.notices = { ...this.notices, ...news })));
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.stopIntake();
  }

  override updated(): void {
    // On a phone the list is below the picture that it chooses.
    const { selected } = this.workspace;
    if (selected !== this.shown && this.shown && selected && !this.workspace.running) {
      const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
      this.stage.scrollIntoView({ block: 'nearest', behavior: calm ? 'auto' : 'smooth' });
    }
    if (selected !== this.shown && selected?.state === 'working') this.veil(selected);
    this.shown = selected;
  }

  override render() {
    const { workspace } = this;
    const item = workspace.selected;
    return html`
      <header>
        <div class="brand">${logo}<span>Inlarge</span></div>
        <p class="status" role="status">${this.status()}</p>
      </header>
      <main class=${item ? 'busy' : 'start'}>
        <section class="stage" aria-label="Picture">
          ${item ? pictureStage(workspace, item) : emptyStage(() => void this.example())}
          ${this.hovering ? html`<div class="drop" aria-hidden="true"><span>Drop to add</span></div>` : nothing}
        </section>
        <aside aria-label="Settings">
          ${item ? caption(item) : nothing}
          <div class="scroll">
            ${workspace.items.length > 1 ? strip(workspace) : nothing}
            <input id="files" class="hidden" type="file" multiple accept=${ACCEPT} aria-label="Choose images" @change=${this.onFiles} />
            ${item
              ? html`<div class="more">
                  <label class="quiet" for="files">Choose images</label>
                  ${workspace.items.length === 1 && !workspace.running
                    ? html`<button type="button" class="quiet" @click=${() => workspace.remove(item)}>Remove</button>`
                    : nothing}
                </div>`
              : nothing}
            ${item ? outcome(workspace, item) : nothing}
            ${settingsPanel(workspace)}
          </div>
          <div class="foot">${this.notice()} ${actions(workspace)}</div>
        </aside>
      </main>
      <div class="hidden" aria-live="polite">${workspace.announcement}</div>
    `;
  }

  private status() {
    const { engine, engineProblem, selected, settings } = this.workspace;
    if (engineProblem && !engine) return html`<i class="dot bad"></i>No engine: ${engineProblem}`;
    if (!engine) return html`<i class="dot"></i>Starting the engine`;
    return html`<i class="dot good"></i><span>${engineSentence(engine, settings.backend, selected)}</span>`;
  }

  /** What the service worker has to say; in the page's flow, where it covers nothing. */
  private notice() {
    const { update, offline } = this.notices;
    if (update) {
      const { running, items } = this.workspace;
      const care = running ? ' It can start when this run is done.' : items.some((item) => item.result) ? ' Save your results before you reload.' : '';
      return html`<div class="notice" aria-live="polite">
        <span>A new version is ready.${care}</span>
        ${running ? nothing : html`<button type="button" class="link" @click=${() => update()}>Reload</button>`}
        <button type="button" class="link" @click=${() => (this.notices = { ...this.notices, update: undefined })}>Later</button>
      </div>`;
    }
    return offline ? html`<div class="notice" aria-live="polite"><span>Ready to work offline.</span></div>` : nothing;
  }

  private readonly onFiles = (event: Event): void => {
    const input = event.target as HTMLInputElement;
    this.workspace.add([...(input.files ?? [])]);
    // The same file can be chosen again after it was removed.
    input.value = '';
  };

  /** Veils the picture when its first tile starts, then lets every finished tile through. */
  private onTile(event: CustomEvent<{ item: Item; progress: Progress }>): void {
    const { item, progress } = event.detail;
    const { compare } = this;
    if (!compare || item !== this.workspace.selected || progress.phase !== 'upscale') return;
    if (progress.done === 0) this.veil(item);
    if (progress.tile) compare.uncover(progress.tile);
  }

  /** Covers a picture under way, but for the tiles that are done. */
  private veil(item: Item): void {
    if (!item.size) return;
    this.compare?.veil(item.size.width, item.size.height);
    for (const tile of item.tiles) this.compare?.uncover(tile);
  }

  private async example(): Promise<void> {
    const response = await fetch(new URL('example.jpg', document.baseURI));
    this.workspace.add([new File([await response.blob()], 'example.jpg', { type: 'image/jpeg' })]);
  }
}

define('inlarge-app', InlargeApp);
