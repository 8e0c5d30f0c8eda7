import { html, nothing } from 'lit';
import '../elements/compare.js';
import { isLarge } from '../elements/large.js';
import { enlargerArt } from './art.js';
import type { Item } from './item.js';
import { mapLegend } from './outcome.js';
import type { Workspace } from './workspace.js';
import { bytes, size } from './words.js';

/** The empty page: what this is, and the way in. */
export function emptyStage(onExample: () => void) {
  return html`<div class="empty">
    ${enlargerArt}
    <h1>Small picture in, large print out</h1>
    <p>Inlarge makes pictures up to sixteen times larger, here on your device. They never leave it.</p>
    <label class="primary" for="files">Choose images</label>
    <p class="hint">or drop them anywhere, or paste. <button type="button" class="link" @click=${onExample}>Try an example</button></p>
  </div>`;
}

/** The selected picture, before and after. */
export function pictureStage(workspace: Workspace, item: Item) {
  const { result } = item;
  const overlay = workspace.mapShown ? item.mapUrl : '';
  const shown = result && isLarge(result) ? item.reducedUrl : item.resultUrl;
  const width = result?.width ?? item.width;
  const height = result?.height ?? item.height;
  return item.picture
    ? html`<inlarge-compare own-wheel .source=${item.picture} .result=${shown} .width=${width} .height=${height} .overlay=${overlay} .pyramid=${item.pyramid} ?exposing=${item.state === 'working'}></inlarge-compare>
        ${overlay ? mapLegend() : nothing}`
    : html`<div class="blank">${item.picture === undefined ? 'Reading the picture' : 'There is no preview of this file.'}</div>`;
}

/** What the picture is, and what became of it. */
export function caption(item: Item) {
  const { result } = item;
  const { planned } = item;
  const target = planned ? html` to <b>${size(planned.width, planned.height)}</b>` : nothing;
  return html`<div class="caption">
    <h1 class="title">${item.file.name}</h1>
    ${item.problem
      ? html`<p class="verdict"><b>This picture could not be enlarged.</b> ${item.problem} ${result ? 'The result from before is still here.' : ''}</p>`
      : nothing}
    ${result
      ? html`<p>${size(item.width, item.height)} to <b>${size(result.width, result.height)}</b>, ${bytes(result.blob.size)}</p>
          ${item.savedAs ? html`<p class="soft">Written to ${item.savedAs}</p>` : nothing}
          ${isLarge(result) ? html`<p class="soft">${item.unseen || (item.pyramid ? 'Shown by tiles, as JPEG.' : 'Cutting it up to be shown')}</p>` : nothing}`
      : item.problem
        ? nothing
        : html`<p>${item.width > 0 ? html`${size(item.width, item.height)}${target}` : bytes(item.file.size)}</p>`}
  </div>`;
}
