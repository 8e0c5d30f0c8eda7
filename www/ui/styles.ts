import { css } from 'lit';
import { controlStyles } from './control-styles.js';

/** Layout of the page: a stage that takes what it can, and a panel beside or below it. */
const layout = css`
  :host {
    display: grid;
    grid-template-rows: auto 1fr;
    height: 100dvh;
    min-width: 0;
  }
  *,
  *::before {
    box-sizing: border-box;
  }
  p,
  ul,
  h1 {
    margin: 0;
    padding: 0;
  }
  header {
    display: flex;
    align-items: center;
    justify-content: space-between;
    gap: 16px;
    padding: 10px 20px;
    min-width: 0;
  }
  .brand {
    display: flex;
    align-items: center;
    gap: 10px;
    font-weight: 680;
    font-size: 1.1875rem;
    letter-spacing: -0.025em;
  }
  .logo {
    flex: none;
  }
  .status {
    min-width: 0;
    text-align: right;
    font-size: 0.875rem;
    color: var(--soft);
    overflow-wrap: anywhere;
  }
  .dot {
    display: inline-block;
    margin-right: 8px;
    vertical-align: 1px;
    width: 8px;
    height: 8px;
    border-radius: 50%;
    background: var(--control-line);
  }
  .dot.good {
    background: var(--good);
  }
  .dot.bad {
    background: var(--danger);
  }
  main {
    display: grid;
    grid-template-columns: minmax(0, 1fr) 336px;
    gap: 16px;
    min-height: 0;
    padding: 0 16px 16px;
  }
  .stage {
    position: relative;
    min-height: 0;
    border-radius: 14px;
    overflow: hidden;
    background: var(--stage);
  }
  .start .scroll {
    padding-top: 20px;
  }
  .start .stage {
    background: var(--panel);
    border: 1.5px dashed var(--line);
    overflow-y: auto;
  }
  .stage inlarge-compare {
    position: absolute;
    inset: 0;
  }
  aside {
    display: flex;
    flex-direction: column;
    min-height: 0;
    border-radius: 14px;
    background: var(--panel);
  }
  .scroll {
    flex: 1;
    min-height: 0;
    overflow-y: auto;
    padding: 8px 20px;
    display: flex;
    flex-direction: column;
    gap: 16px;
  }
  .empty {
    min-height: 100%;
    display: flex;
    flex-direction: column;
    align-items: center;
    justify-content: center;
    gap: 14px;
    padding: 32px 24px;
    text-align: center;
  }
  .art {
    width: min(470px, 92%);
    height: auto;
    margin-bottom: 18px;
  }
  h1 {
    font-size: clamp(1.625rem, 1.1rem + 2vw, 2.375rem);
    line-height: 1.15;
    font-weight: 660;
    letter-spacing: -0.03em;
    text-wrap: balance;
  }
  .empty p {
    max-width: 34em;
    color: var(--soft);
    text-wrap: balance;
  }
  .empty .primary {
    margin-top: 10px;
    padding-inline: 28px;
  }
  .empty .hint {
    font-size: 0.9375rem;
  }
  .drop {
    position: absolute;
    inset: 0;
    display: grid;
    place-items: center;
    border: 3px solid var(--accent);
    border-radius: 14px;
    background: rgb(16 12 9 / 0.7);
    color: #fff;
    font-size: 1.375rem;
    font-weight: 640;
    pointer-events: none;
  }
  .blank {
    position: absolute;
    inset: 0;
    display: grid;
    place-items: center;
    color: var(--soft);
  }
  .caption {
    display: grid;
    gap: 2px;
    flex: none;
    max-height: 45%;
    overflow-y: auto;
    padding: 20px 20px 12px;
    font-variant-numeric: tabular-nums;
    overflow-wrap: anywhere;
  }
  .caption .title {
    font-weight: 640;
    line-height: inherit;
    letter-spacing: 0;
  }
  .caption p {
    color: var(--soft);
    font-size: 0.9375rem;
  }
  .caption b,
  .caption .title {
    color: var(--ink);
    font-size: inherit;
  }
  .caption .verdict {
    margin: 8px 0;
    padding: 12px 14px;
    border-radius: 10px;
    border-left: 4px solid var(--danger);
    background: var(--raise);
    color: var(--ink);
  }
  .outcome {
    display: grid;
    gap: 8px;
    padding: 12px 14px;
    border-radius: 10px;
    background: var(--raise);
    font-size: 0.875rem;
    font-variant-numeric: tabular-nums;
    overflow-wrap: anywhere;
  }
  .outcome dl {
    display: grid;
    grid-template-columns: 5rem minmax(0, 1fr);
    gap: 4px 8px;
    margin: 0;
  }
  .outcome dt {
    color: var(--soft);
  }
  .outcome dd {
    margin: 0;
  }
  .outcome .check {
    min-height: 40px;
  }
  .warning {
    color: var(--danger);
    font-size: 0.875rem;
    overflow-wrap: anywhere;
  }
  .legend {
    position: absolute;
    top: 48px;
    left: 12px;
    max-width: min(24rem, calc(100% - 24px));
    display: grid;
    gap: 6px;
    padding: 10px 12px;
    border-radius: 10px;
    background: rgb(16 12 9 / 0.82);
    color: #f4eee6;
    font-size: 0.8125rem;
    line-height: 1.4;
    pointer-events: none;
  }
  .ramp {
    height: 8px;
    border-radius: 99px;
    background: linear-gradient(90deg, #000004, #57106e, #bc3754, #f98e09, #fcffa4);
  }
  .more {
    display: flex;
    gap: 8px;
    flex-wrap: wrap;
  }
  .foot {
    flex: none;
  }
  .notice {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 4px 16px;
    margin: 12px 20px 0;
    padding: 8px 16px;
    min-height: 44px;
    border-radius: 10px;
    background: var(--ink);
    color: var(--ground);
  }
  .notice .link {
    color: inherit;
  }

  @media (max-width: 820px) {
    :host {
      height: auto;
      min-height: 100dvh;
    }
    header {
      padding: 10px 16px;
    }
    .status {
      font-size: 0.8125rem;
      line-height: 1.35;
    }
    main {
      grid-template-columns: minmax(0, 1fr);
      grid-template-rows: minmax(300px, 56dvh) auto;
      gap: 0;
      padding: 0;
    }
    main.start {
      grid-template-rows: auto auto;
    }
    .stage {
      border-radius: 0;
    }
    .start .stage {
      border: none;
      background: var(--ground);
    }
    .art {
      margin-bottom: 6px;
    }
    .empty {
      padding: 20px 20px 28px;
    }
    aside {
      border-radius: 0;
    }
    .caption {
      max-height: none;
      padding: 18px 16px 4px;
    }
    .scroll {
      overflow: visible;
      padding: 18px 16px 8px;
    }
    .foot {
      position: sticky;
      bottom: 0;
      background: var(--panel);
      border-top: 1px solid var(--line);
    }
    .start .foot {
      position: static;
      border: none;
    }
    .notice {
      margin-inline: 16px;
    }
    .actions {
      padding-inline: 16px;
      padding-bottom: max(16px, env(safe-area-inset-bottom));
    }
  }
`;

export const appStyles = [controlStyles, layout];
