import { css } from 'lit';

/** The viewer's look. Colours come from the host's variables, with values of our own behind them. */
export const compareStyles = css`
  :host {
    position: relative;
    overflow: hidden;
    background: var(--inlarge-stage, #0b0a08);
    color: #f4eee6;
    contain: strict;
  }
  .viewport {
    position: absolute;
    inset: 0;
    overflow: hidden;
    /* A picture shown whole leaves the vertical swipe to the page; pinching stays ours. */
    touch-action: pan-y;
    user-select: none;
    -webkit-user-select: none;
    cursor: default;
  }
  .viewport.pannable {
    touch-action: none;
    cursor: grab;
  }
  .viewport.pannable:active {
    cursor: grabbing;
  }
  .viewport:focus-visible {
    outline: 3px solid var(--inlarge-accent, #ff8f52);
    outline-offset: -3px;
  }
  .layer {
    position: absolute;
    inset: 0;
    pointer-events: none;
  }
  .layer > * {
    position: absolute;
    top: 0;
    left: 0;
    display: block;
    max-width: none;
    transform-origin: 0 0;
  }
  /* Transparent pictures stand on a checkerboard, the same on both sides. */
  .layer > img {
    background: repeating-conic-gradient(#8d877f 0% 25%, #a59f96 0% 50%) 0 0 / 20px 20px;
  }
  .tiles {
    position: absolute;
    inset: 0;
    pointer-events: none;
  }
  .tiles > canvas {
    width: 100%;
    height: 100%;
  }
  .layer.over > img {
    background: none;
    opacity: 0.72;
  }
  .handle {
    position: absolute;
    top: 0;
    bottom: 0;
    width: 44px;
    margin-left: -22px;
    cursor: ew-resize;
    touch-action: none;
    outline: none;
  }
  .handle::before {
    content: '';
    position: absolute;
    top: 0;
    bottom: 0;
    left: 21px;
    width: 2px;
    background: #fff;
    box-shadow: 0 0 6px rgb(0 0 0 / 0.55);
  }
  .grip {
    position: absolute;
    top: 50%;
    left: 0;
    width: 44px;
    height: 44px;
    margin-top: -22px;
    border-radius: 50%;
    display: grid;
    place-items: center;
    background: #fff;
    color: #1d1712;
    box-shadow: 0 2px 10px rgb(0 0 0 / 0.45);
  }
  .handle:focus-visible .grip {
    outline: 3px solid var(--inlarge-accent, #ff8f52);
    outline-offset: 3px;
  }
  .tag {
    position: absolute;
    top: 12px;
    padding: 4px 10px;
    border-radius: 99px;
    font: 600 0.75rem/1.3 system-ui, sans-serif;
    letter-spacing: 0.02em;
    background: rgb(16 12 9 / 0.72);
    color: #fff;
    pointer-events: none;
  }
  .no-before .tag.left,
  .no-after .tag.right {
    visibility: hidden;
  }
  .tag.left {
    left: 12px;
  }
  .tag.right {
    right: 12px;
  }
  .zoom {
    position: absolute;
    left: 50%;
    bottom: 14px;
    transform: translateX(-50%);
    display: flex;
    gap: 2px;
    padding: 3px;
    border-radius: 99px;
    background: rgb(16 12 9 / 0.78);
    box-shadow: 0 0 0 1px rgb(255 255 255 / 0.16);
  }
  .zoom button {
    all: unset;
    box-sizing: border-box;
    min-width: 48px;
    height: 38px;
    padding: 0 12px;
    border-radius: 99px;
    text-align: center;
    font: 600 0.8125rem/38px system-ui, sans-serif;
    font-variant-numeric: tabular-nums;
    color: #e9e1d7;
    cursor: pointer;
  }
  @media (pointer: coarse) {
    .zoom button {
      height: 44px;
      line-height: 44px;
    }
  }
  .zoom button:hover {
    background: rgb(255 255 255 / 0.12);
  }
  .zoom button[aria-pressed='true'] {
    background: #f4eee6;
    color: #1d1712;
  }
  .zoom button:focus-visible {
    outline: 3px solid var(--inlarge-accent, #ff8f52);
    outline-offset: 1px;
  }
`;
