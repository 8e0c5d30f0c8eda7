import { css } from 'lit';

/** Buttons, fields, bars and the list: everything the hand touches. */
export const controlStyles = css`
  .hidden {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  button,
  select,
  input {
    font: inherit;
    color: inherit;
  }
  button,
  label[for],
  summary {
    cursor: pointer;
    -webkit-tap-highlight-color: transparent;
  }
  .primary,
  .plain {
    display: inline-grid;
    place-items: center;
    min-height: 48px;
    padding: 10px 20px;
    border: 1.5px solid transparent;
    border-radius: 12px;
    font-weight: 640;
    text-align: center;
  }
  .primary {
    background: var(--accent);
    color: var(--on-accent);
  }
  .primary:hover {
    background: var(--accent-strong);
  }
  .plain {
    background: transparent;
    border-color: var(--control-line);
  }
  .plain:hover {
    background: var(--raise);
  }
  button:disabled {
    background: var(--raise);
    color: var(--soft);
    cursor: default;
  }
  .quiet {
    display: inline-flex;
    align-items: center;
    min-height: 40px;
    padding: 6px 14px;
    border: none;
    border-radius: 10px;
    background: var(--raise);
    font-size: 0.9375rem;
    font-weight: 560;
  }
  .quiet:hover {
    background: var(--line);
  }
  .link {
    border: none;
    background: none;
    padding: 10px 4px;
    margin: -10px 0;
    color: var(--accent);
    font-weight: 600;
    text-decoration: underline;
    text-underline-offset: 3px;
  }
  :focus-visible {
    outline: 3px solid var(--accent);
    outline-offset: 2px;
  }
  /* The file inputs are out of sight; their labels show where the focus is. */
  #files:focus-visible ~ .more label[for='files'],
  #network:focus-visible + label,
  main:has(#files:focus-visible) label[for='files'],
  .inside:has(#network:focus-visible) label[for='network'] {
    outline: 3px solid var(--accent);
    outline-offset: 2px;
  }

  .settings {
    display: grid;
    gap: 2px;
  }
  .field {
    display: grid;
    grid-template-columns: 6.5rem minmax(0, 1fr);
    align-items: center;
    min-height: 52px;
  }
  .field > span {
    color: var(--soft);
  }
  .plan {
    padding: 2px 0 8px 6.5rem;
    color: var(--soft);
    font-size: 0.875rem;
    font-variant-numeric: tabular-nums;
  }
  .plan b {
    color: var(--ink);
  }
  .advice {
    margin-bottom: 8px;
    padding: 10px 14px;
    border-radius: 10px;
    border-left: 4px solid var(--accent);
    background: var(--raise);
    font-size: 0.875rem;
  }
  .plan.problem {
    padding-left: 0;
    color: var(--danger);
  }
  .row-of {
    display: grid;
    grid-template-columns: minmax(0, 1fr) auto minmax(0, 1fr) 4.25rem;
    align-items: center;
    gap: 6px;
  }
  .row-of input[type='number'] {
    padding-inline: 8px;
    text-align: center;
  }
  .row-of select {
    padding-left: 10px;
    padding-right: 26px;
    background-position-x: right 3px;
  }
  input[type='number'] {
    width: 100%;
    box-sizing: border-box;
    min-height: 44px;
    padding: 8px 12px;
    border: 1.5px solid var(--line);
    border-radius: 10px;
    background: var(--field);
    font-weight: 560;
    font-variant-numeric: tabular-nums;
    appearance: textfield;
  }
  input[type='number']::-webkit-inner-spin-button {
    appearance: none;
  }
  input[type='number']:hover:enabled {
    border-color: var(--control-line);
  }
  .check {
    display: flex;
    align-items: center;
    gap: 12px;
    min-height: 44px;
    cursor: pointer;
  }
  .check input {
    flex: none;
    width: 20px;
    height: 20px;
    margin: 0;
    accent-color: var(--accent);
  }
  .settings.inner {
    padding-bottom: 8px;
  }
  select {
    appearance: none;
    width: 100%;
    min-height: 44px;
    padding: 8px 38px 8px 14px;
    border: 1.5px solid var(--line);
    border-radius: 10px;
    background: var(--field)
      url("data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' fill='none' stroke='%23908578' stroke-width='2.4' stroke-linecap='round' stroke-linejoin='round'%3E%3Cpath d='M7 10l5 5 5-5'/%3E%3C/svg%3E")
      right 10px center / 20px no-repeat;
    font-weight: 560;
    text-overflow: ellipsis;
  }
  select:hover:enabled {
    border-color: var(--control-line);
  }
  select:disabled {
    opacity: 0.6;
  }
  input[type='range'] {
    width: 100%;
    min-height: 44px;
    accent-color: var(--accent);
  }
  .number {
    color: var(--ink);
    font-variant-numeric: tabular-nums;
  }
  .engine > summary {
    display: grid;
    grid-template-columns: 6.5rem minmax(0, 1fr) auto;
    align-items: center;
    min-height: 48px;
    border-radius: 10px;
    list-style: none;
    color: var(--soft);
  }
  .engine > summary::-webkit-details-marker {
    display: none;
  }
  .engine > summary .value {
    padding-left: 15px;
    color: var(--ink);
    font-weight: 560;
  }
  .engine > summary::after {
    content: '';
    width: 8px;
    height: 8px;
    margin-right: 16px;
    border: solid var(--soft);
    border-width: 0 2.4px 2.4px 0;
    transform: translateY(-2px) rotate(45deg);
  }
  .engine[open] > summary::after {
    transform: translateY(2px) rotate(225deg);
  }
  .inside {
    display: grid;
    gap: 12px;
    justify-items: start;
    padding: 4px 0 12px;
  }
  .note,
  .refusals {
    color: var(--soft);
    font-size: 0.875rem;
    overflow-wrap: anywhere;
  }
  .refusals {
    list-style: none;
    display: grid;
    gap: 6px;
  }
  .problem {
    color: var(--danger);
  }

  .pair {
    display: flex;
    gap: 10px;
  }
  .pair > * {
    flex: 1 1 auto;
  }
  .pair > .plain {
    padding-inline: 14px;
  }
  .actions {
    display: grid;
    gap: 10px;
    padding: 12px 20px 20px;
  }
  .progress-line {
    display: flex;
    justify-content: space-between;
    gap: 12px;
    font-size: 0.9375rem;
    font-variant-numeric: tabular-nums;
    overflow-wrap: anywhere;
  }
  .percent {
    color: var(--soft);
    white-space: nowrap;
  }
  .bar {
    height: 8px;
    border-radius: 99px;
    background: var(--line);
    overflow: hidden;
  }
  .bar > span {
    display: block;
    height: 100%;
    border-radius: inherit;
    background: var(--accent);
    transform-origin: left;
    transition: transform 0.2s ease-out;
  }
  .bar.thin {
    position: absolute;
    left: 70px;
    right: 12px;
    bottom: 5px;
    height: 3px;
  }
  @media (prefers-reduced-motion: reduce) {
    .bar > span {
      transition: none;
    }
  }

  .strip {
    list-style: none;
    display: grid;
    gap: 4px;
    margin: 0 -8px;
  }
  .strip li {
    position: relative;
    display: flex;
    align-items: center;
    border-radius: 10px;
  }
  .strip li:has([aria-current='true']) {
    background: var(--raise);
  }
  .row {
    flex: 1;
    min-width: 0;
    min-height: 60px;
    display: flex;
    align-items: center;
    gap: 12px;
    padding: 6px 8px;
    border: none;
    border-radius: 10px;
    background: none;
    text-align: left;
  }
  .row:hover {
    background: var(--raise);
  }
  .thumb {
    flex: none;
    width: 50px;
    height: 44px;
    border-radius: 6px;
    overflow: hidden;
    background: var(--line);
  }
  .thumb img {
    width: 100%;
    height: 100%;
    object-fit: cover;
    display: block;
  }
  .text {
    min-width: 0;
    display: grid;
  }
  .name {
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
    font-weight: 560;
    font-size: 0.9375rem;
  }
  .state {
    color: var(--soft);
    font-size: 0.8125rem;
    font-variant-numeric: tabular-nums;
  }
  .done .state {
    color: var(--good);
  }
  .failed .state {
    color: var(--danger);
  }
  .remove {
    flex: none;
    width: 44px;
    height: 44px;
    display: grid;
    place-items: center;
    border: none;
    border-radius: 10px;
    background: none;
    color: var(--soft);
  }
  .remove:hover {
    background: var(--line);
    color: var(--ink);
  }
`;
