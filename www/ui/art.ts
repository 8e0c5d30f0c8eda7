import { html, svg } from 'lit';

/** The mark: a small picture that opens into a large frame. */
export const logo = html`<svg class="logo" viewBox="0 0 32 32" width="30" height="30" aria-hidden="true">
  <path d="M4 13V8a4 4 0 0 1 4-4h16a4 4 0 0 1 4 4v16a4 4 0 0 1-4 4h-5" fill="none" stroke="currentColor" stroke-width="2.4" stroke-linecap="round" />
  <path d="M17 15l5-5M17.5 9.6H22.4V14.5" fill="none" stroke="currentColor" stroke-width="2.4" stroke-linecap="round" stroke-linejoin="round" />
  <rect x="3" y="18" width="11" height="11" rx="2.5" fill="var(--accent)" />
</svg>`;

const HILLS = 'M0 92 C26 74 40 66 58 78 S 92 104 112 84 S 150 56 176 72 S 204 92 216 82 V144 H0Z';
const SHORE = 'M0 118 C30 104 62 108 92 118 S 160 132 216 108 V144 H0Z';

/** The scene's colour at (`x`, `y`) of 216 x 144, as the small picture samples it. */
function sample(x: number, y: number): string {
  const sun = Math.hypot(x - 148, y - 52);
  const hill = 84 - 14 * Math.sin((x + 12) / 17) + 6 * Math.sin(x / 41);
  const shore = 116 - 8 * Math.sin(x / 34 + 0.6);
  if (y > shore) return '#1f1518';
  if (y > hill) return y > hill + 22 ? '#3b2126' : '#58302f';
  if (sun < 17) return '#ffe7b8';
  const up = Math.min(1, Math.max(0, y / 100));
  const mix = (a: number, b: number): number => Math.round(a + (b - a) * up);
  const glow = Math.max(0, 1 - sun / 70) * 46;
  return `rgb(${Math.min(255, mix(74, 250) + glow)} ${Math.min(255, mix(44, 166) + glow)} ${mix(66, 92)})`;
}

const PIXEL = 6;
const pixels = Array.from({ length: 12 * 8 }, (_, index) => {
  const column = index % 12;
  const row = Math.floor(index / 12);
  const fill = sample(column * 18 + 9, row * 18 + 9);
  return svg`<rect x=${column * PIXEL} y=${row * PIXEL} width=${PIXEL + 0.25} height=${PIXEL + 0.25} fill=${fill} />`;
});

/** An enlarger's light: a small picture of few pixels thrown large. */
export const enlargerArt = html`<svg class="art" viewBox="0 0 372 176" aria-hidden="true">
  <defs>
    <linearGradient id="cone" x1="0" x2="1"><stop offset="0" stop-color="var(--accent)" stop-opacity="0.5" /><stop offset="1" stop-color="var(--accent)" stop-opacity="0.04" /></linearGradient>
    <linearGradient id="sky" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="#4a2c42" /><stop offset="0.42" stop-color="#b2583f" /><stop offset="0.72" stop-color="#fbab5e" /></linearGradient>
    <radialGradient id="glow" cx="148" cy="52" r="110" gradientUnits="userSpaceOnUse"><stop offset="0" stop-color="#ffdf9e" stop-opacity="0.7" /><stop offset="0.45" stop-color="#ffd08a" stop-opacity="0.28" /><stop offset="0.75" stop-color="#ffc47c" stop-opacity="0.08" /><stop offset="1" stop-color="#ffc47c" stop-opacity="0" /></radialGradient>
    <clipPath id="print"><rect width="216" height="144" rx="6" /></clipPath>
    <clipPath id="negative"><rect width="72" height="48" rx="3" /></clipPath>
  </defs>
  <path d="M76 64 L152 18 V158 L76 112Z" fill="url(#cone)" />
  <g transform="translate(4 64)" clip-path="url(#negative)" shape-rendering="crispEdges">${pixels}</g>
  <rect x="4" y="64" width="72" height="48" rx="3" fill="none" stroke="var(--ink)" stroke-opacity="0.35" />
  <g transform="translate(150 16)">
    <g clip-path="url(#print)">
      <rect width="216" height="144" fill="url(#sky)" />
      <rect width="216" height="144" fill="url(#glow)" />
      <circle cx="148" cy="52" r="15" fill="#ffedc6" />
      <path d=${HILLS} fill="#58302f" />
      <path d="M0 104 C34 90 50 98 80 106 S 140 84 170 96 S 204 104 216 98 V144 H0Z" fill="#3b2126" />
      <path d=${SHORE} fill="#1f1518" />
      <path d="M34 122 l5 -17 l5 17z M44 121 l4 -12 l4 12z M24 120 l4 -11 l4 11z M188 117 l5 -18 l5 18z M200 114 l4 -13 l4 13z" fill="#140d10" />
      <path d="M84 40 q4 -4 7 0 q4 -4 7 0 M98 50 q3 -3 5 0 q3 -3 5 0" fill="none" stroke="#3b2126" stroke-width="1.3" stroke-linecap="round" />
    </g>
    <rect width="216" height="144" rx="6" fill="none" stroke="var(--ink)" stroke-opacity="0.35" />
  </g>
</svg>`;
