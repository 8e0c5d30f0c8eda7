import { html, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { fraction, type Item } from './item.js';
import type { Workspace } from './workspace.js';
import { stateLine } from './words.js';

/** The list of pictures, where there are several. */
export function strip(workspace: Workspace) {
  return html`<ul class="strip" aria-label="Pictures">
    ${repeat(workspace.items, (item) => item.id, (item) => row(workspace, item))}
  </ul>`;
}

function row(workspace: Workspace, item: Item) {
  const percent = Math.floor(fraction(item) * 100);
  return html`<li class=${item.state}>
    <button type="button" class="row" aria-current=${item === workspace.selected ? 'true' : 'false'} @click=${() => workspace.select(item)}>
      <span class="thumb">${item.picture ? html`<img src=${item.picture} alt="" loading="lazy" />` : nothing}</span>
      <span class="text"><span class="name">${item.file.name}</span><span class="state">${stateLine(item)}</span></span>
    </button>
    ${item.state === 'working'
      ? html`<div class="bar thin" role="progressbar" aria-label=${item.file.name} aria-valuemin="0" aria-valuemax="100" aria-valuenow=${percent}>
          <span style="transform: scaleX(${fraction(item)})"></span>
        </div>`
      : html`<button type="button" class="remove" aria-label="Remove ${item.file.name}" @click=${() => workspace.remove(item)}>
          <svg viewBox="0 0 24 24" width="18" height="18" aria-hidden="true"><path d="M6 6l12 12M18 6L6 18" stroke="currentColor" stroke-width="2" stroke-linecap="round" /></svg>
        </button>`}
  </li>`;
}
