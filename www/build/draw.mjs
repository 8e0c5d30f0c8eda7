/**
 * Draws the binary files of www/public that we make ourselves: the PNG icons, from icon.svg, and the example
 * picture, from code. Run by hand when one of them changes: `node www/build/draw.mjs [path of a Chromium]`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { chromium } from '@playwright/test';
import { paintExample } from './example.mjs';

const OUT = 'www/public';
const icon = readFileSync(`${OUT}/icons/icon.svg`, 'utf8');
// A launcher cuts a maskable icon to its own shape: the ground reaches the edges, the mark stays in the middle 80 %.
const maskable = icon.replace(' rx="112"', '').replace('<g ', '<g transform="translate(64 64) scale(.75)" ').replace('<rect x="95"', '<rect transform="translate(64 64) scale(.75)" x="95"');

const executablePath = process.argv[2];
const browser = await chromium.launch(executablePath ? { executablePath, args: ['--no-sandbox'] } : {});
try {
  for (const [svg, side, name] of [[icon, 192, 'icon-192'], [icon, 512, 'icon-512'], [maskable, 512, 'maskable-512']]) {
    const page = await browser.newPage({ viewport: { width: side, height: side } });
    await page.setContent(`<style>body{margin:0}svg{display:block;width:${side}px}</style>${svg}`);
    await page.screenshot({ path: `${OUT}/icons/${name}.png`, omitBackground: true });
    await page.close();
  }
  const page = await browser.newPage();
  const address = await page.evaluate(`(${paintExample.toString()})()`);
  writeFileSync(`${OUT}/example.jpg`, Buffer.from(address.slice(address.indexOf(',') + 1), 'base64'));
} finally {
  await browser.close();
}
