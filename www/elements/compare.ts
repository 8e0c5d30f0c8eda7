import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { property, query, state } from 'lit/decorators.js';
import { keyed } from 'lit/directives/keyed.js';
import { define } from './define.js';
import { Exposure, type Tile } from './exposure.js';
import { followGestures } from './gestures.js';
import type { Pyramid } from '../shared/protocol.js';
import { compareStyles } from './compare-styles.js';
import { TileLayer } from './tile-layer.js';
import { View, type Zoom } from './view.js';

/** Zoom steps to choose from, by device pixels for each pixel of the picture. */
const STOPS: readonly Zoom[] = ['fit', 1, 2, 4];
/** CSS pixels that an arrow key pans. */
const STEP = 64;

/** The words of the viewer, so that the widget can speak its page's language. */
export interface CompareWords {
  readonly before: string;
  readonly after: string;
  readonly fit: string;
  readonly zoom: string;
  readonly divider: string;
  readonly picture: string;
}

const ENGLISH: CompareWords = {
  before: 'Before',
  after: 'After',
  fit: 'Fit',
  zoom: 'Zoom',
  divider: 'Divider between before and after',
  picture: 'Picture. Arrow keys move it, plus and minus zoom.',
};

/**
 * Shows a picture, and its enlargement over it with a divider between the two. The source is scaled by the
 * browser to the size of the result: what one has without an upscaler.
 */
export class InlargeCompare extends LitElement {
  static override styles = [compareStyles, css`:host { display: block; }`];

  /** Address of the source. */
  @property() source = '';
  /** Address of the result; empty while there is none. */
  @property() result = '';
  /** The result at full size, where `result` is a reduced picture of it. */
  @property({ attribute: false }) pyramid: Pyramid | undefined;
  /** Address of a picture to lay over the result; empty where there is none. */
  @property() overlay = '';
  /** Size of the picture at its full zoom: the result's, or the source's while there is no result. */
  @property({ type: Number }) width = 0;
  @property({ type: Number }) height = 0;
  /** Whether the picture is being worked on: it is veiled, tile by tile. */
  @property({ type: Boolean }) exposing = false;
  /** Zoom with the bare wheel; otherwise only with Ctrl, so that the page can scroll. */
  @property({ type: Boolean, attribute: 'own-wheel' }) ownWheel = false;
  @property({ attribute: false }) words: CompareWords = ENGLISH;

  /** Place of the divider, as a fraction of the viewport's width. */
  @state() private split = 0.5;
  @state() private zoom: Zoom = 'fit';
  @query('.viewport') private viewport!: HTMLElement;
  @query('.handle') private handle!: HTMLElement;

  private readonly view = new View();
  private readonly exposure = new Exposure();
  private readonly tiles = new TileLayer(() => this.place());
  private readonly resize = new ResizeObserver(() => this.place());
  private stopGestures = (): void => {};
  private draggingHandle = false;

  /** Lets the light through on a finished tile, in pixels of the result. */
  uncover(tile: Tile): void {
    this.exposure.uncover(tile);
  }

  /** Veils the picture for a result of this size. */
  veil(width: number, height: number): void {
    this.exposure.begin(width, height);
  }

  override firstUpdated(): void {
    this.resize.observe(this.viewport);
    this.stopGestures = followGestures(this.viewport, {
      drag: (dx, dy, x) => {
        if (this.result && (this.draggingHandle || !this.view.pannable)) this.moveSplit(x / this.viewport.clientWidth);
        else this.view.panBy(dx, dy);
        this.place();
      },
      zoom: (factor, x, y) => {
        this.view.zoomBy(factor, x, y);
        this.place();
      },
      wantsWheel: (event) => this.ownWheel || event.ctrlKey || event.metaKey,
    });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.resize.disconnect();
    this.stopGestures();
  }

  override willUpdate(changed: PropertyValues<this>): void {
    // Another picture starts whole; a result that arrives keeps the place that the user looks at.
    if (changed.has('source')) {
      this.view.zoomTo('fit');
      this.split = 0.5;
    }
    if (changed.has('pyramid')) this.tiles.show(this.pyramid);
    if (changed.has('width') || changed.has('height')) this.view.setPicture(this.width, this.height);
    this.zoom = this.view.zoom;
  }

  override updated(): void {
    this.place();
  }

  override render() {
    const { words } = this;
    return html`
      <div class="viewport" part="viewport" tabindex="0" role="group" aria-label=${words.picture} @keydown=${this.onKey} @dblclick=${this.onDoubleClick}
        @pointerdown=${(event: PointerEvent) => (this.draggingHandle = event.composedPath().includes(this.handle))}>
        <div class="layer before">${this.source ? this.layer(html`<img src=${this.source} alt=${this.result ? words.before : ''} draggable="false" />`) : nothing}</div>
        ${this.result
          ? html`<div class="layer after">${this.layer(html`<img src=${this.result} alt=${words.after} draggable="false" />`)}</div>
              ${this.pyramid ? html`<div class="tiles after" aria-hidden="true">${this.tiles.canvas}</div>` : nothing}
              ${this.overlay ? html`<div class="layer after over">${this.layer(html`<img src=${this.overlay} alt="" draggable="false" />`)}</div>` : nothing}
              <span class="tag left" aria-hidden="true">${words.before}</span>
              <span class="tag right" aria-hidden="true">${words.after}</span>
              <div class="handle" part="divider" role="slider" tabindex="0" aria-label=${words.divider} aria-orientation="horizontal"
                aria-valuemin="0" aria-valuemax="100" aria-valuenow=${Math.round(this.split * 100)} @keydown=${this.onSplitKey}>
                <span class="grip" aria-hidden="true">
                  <svg viewBox="0 0 24 24" width="20" height="20"><path d="M9 6l-6 6 6 6M15 6l6 6-6 6" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round" /></svg>
                </span>
              </div>`
          : nothing}
        ${this.exposing ? html`<div class="layer veil" aria-hidden="true">${this.exposure.canvas}</div>` : nothing}
      </div>
      <div class="zoom" part="zoom" role="group" aria-label=${words.zoom}>
        ${STOPS.map(
          (stop) => html`<button type="button" aria-pressed=${this.zoom === stop} @click=${() => this.setZoom(stop)}>
            ${stop === 'fit' ? words.fit : `${stop}:1`}
          </button>`,
        )}
      </div>`;
  }

  /** An image element that lives as long as the picture: one that gets another address shows what it had until that is loaded. */
  private layer(image: TemplateResult) {
    return keyed(this.source, image);
  }

  private setZoom(zoom: Zoom): void {
    this.view.zoomTo(zoom);
    this.zoom = zoom;
    this.place();
  }

  /** The detail under the pointer at 1:1, and back. */
  private readonly onDoubleClick = (event: MouseEvent): void => {
    const box = this.viewport.getBoundingClientRect();
    this.view.zoomTo(this.view.zoom === 'fit' ? 1 : 'fit', event.clientX - box.left, event.clientY - box.top);
    this.place();
  };

  private moveSplit(fraction: number): void {
    this.split = Math.min(1, Math.max(0, fraction));
  }

  private readonly onKey = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey) return;
    const moves: Record<string, () => void> = {
      ArrowLeft: () => this.view.panBy(STEP, 0),
      ArrowRight: () => this.view.panBy(-STEP, 0),
      ArrowUp: () => this.view.panBy(0, STEP),
      ArrowDown: () => this.view.panBy(0, -STEP),
      '+': () => this.view.zoomBy(1.5),
      '=': () => this.view.zoomBy(1.5),
      '-': () => this.view.zoomBy(1 / 1.5),
      '0': () => this.view.zoomTo('fit'),
      '1': () => this.view.zoomTo(1),
      '2': () => this.view.zoomTo(2),
      '4': () => this.view.zoomTo(4),
    };
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    move();
    this.place();
  };

  private readonly onSplitKey = (event: KeyboardEvent): void => {
    const step = event.shiftKey ? 0.1 : 0.02;
    const places: Record<string, number> = {
      ArrowLeft: this.split - step,
      ArrowDown: this.split - step,
      ArrowRight: this.split + step,
      ArrowUp: this.split + step,
      Home: 0,
      End: 1,
    };
    const place = places[event.key];
    if (place === undefined) return;
    event.preventDefault();
    this.moveSplit(place);
  };

  /** Moves the layers: styles, not a render, as it happens on every pointer move. */
  private place(): void {
    const { viewport } = this;
    if (!viewport) return;
    this.view.setViewport(viewport.clientWidth, viewport.clientHeight, devicePixelRatio);
    const { scale, x, y } = this.view.placement;
    for (const picture of viewport.querySelectorAll<HTMLElement>('.layer > *')) {
      picture.style.width = `${this.width * scale}px`;
      picture.style.height = `${this.height * scale}px`;
      picture.style.transform = `translate(${x}px, ${y}px)`;
    }
    for (const after of viewport.querySelectorAll<HTMLElement>('.after')) after.style.clipPath = `inset(0 0 0 ${this.split * 100}%)`;
    if (this.pyramid) this.tiles.draw(this.view.placement, viewport.clientWidth, viewport.clientHeight);
    if (this.handle) this.handle.style.left = `${this.split * 100}%`;
    viewport.classList.toggle('pannable', this.view.pannable);
    // A tag names the side that it lies on.
    viewport.classList.toggle('no-before', this.split < 0.14);
    viewport.classList.toggle('no-after', this.split > 0.86);
    this.zoom = this.view.zoom;
  }
}

define('inlarge-compare', InlargeCompare);

declare global {
  interface HTMLElementTagNameMap {
    'inlarge-compare': InlargeCompare;
  }
}
