import { css } from 'lit';

/** The widget's look; each colour is a variable that the host page may set. */
export const widgetStyles = css`
  :host {
    display: block;
    container-type: inline-size;
    --paper: var(--inlarge-panel, light-dark(#fbfaf7, #1a1714));
    --ink: var(--inlarge-ink, light-dark(#1d1a16, #f3ede5));
    --soft: var(--inlarge-soft, light-dark(#635b50, #b8ad9f));
    --line: var(--inlarge-line, light-dark(#ddd6ca, #3a332b));
    --accent: var(--inlarge-accent, light-dark(#b5420b, #ff8f52));
    --on-accent: var(--inlarge-on-accent, light-dark(#ffffff, #211005));
    --danger: light-dark(#a8240f, #ff9d8f);
    --inlarge-stage: light-dark(#dedad2, #0b0a08);
    font: var(--inlarge-font, 400 1rem/1.45 system-ui, sans-serif);
    color: var(--ink);
  }
  :host([hidden]) {
    display: none;
  }
  .card {
    border: 1px solid var(--line);
    border-radius: var(--inlarge-radius, 14px);
    overflow: hidden;
    background: var(--paper);
  }
  .stage {
    position: relative;
    width: 100%;
    min-height: 220px;
    max-height: min(80vh, 900px);
    background: var(--inlarge-stage);
  }
  inlarge-compare {
    position: absolute;
    inset: 0;
  }
  .way-in {
    position: absolute;
    inset: 0;
    display: flex;
    flex-direction: column;
    align-items: center;
    justify-content: center;
    gap: 10px;
    padding: 16px;
    text-align: center;
    color: var(--soft);
  }
  .hover .way-in {
    outline: 3px solid var(--accent);
    outline-offset: -3px;
  }
  .bar {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 10px;
    padding: 12px 14px;
  }
  .state {
    flex: 1 1 10rem;
    min-width: 0;
    margin: 0;
    color: var(--soft);
    font-size: 0.9375em;
    font-variant-numeric: tabular-nums;
    overflow-wrap: anywhere;
  }
  .state.bad {
    color: var(--danger);
  }
  .track {
    height: 6px;
    margin-top: 6px;
    border-radius: 99px;
    background: var(--line);
    overflow: hidden;
  }
  .track > span {
    display: block;
    height: 100%;
    background: var(--accent);
    transform-origin: left;
    transition: transform 0.2s ease-out;
  }
  @media (prefers-reduced-motion: reduce) {
    .track > span {
      transition: none;
    }
  }
  button,
  label {
    display: inline-grid;
    place-items: center;
    box-sizing: border-box;
    min-height: 44px;
    padding: 8px 18px;
    border: 1.5px solid var(--line);
    border-radius: 11px;
    background: transparent;
    color: inherit;
    font: inherit;
    font-weight: 620;
    cursor: pointer;
  }
  .primary {
    border-color: transparent;
    background: var(--accent);
    color: var(--on-accent);
  }
  button:focus-visible,
  label:focus-within {
    outline: 3px solid var(--accent);
    outline-offset: 2px;
  }
  input {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
  }
`;
