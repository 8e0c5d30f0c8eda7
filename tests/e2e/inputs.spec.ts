import { expect, test } from '@playwright/test';
import { ROOT } from './support/environment.ts';
import { compare } from './support/pictures.ts';
import { png, scene } from './support/png.ts';
import { PlainServer } from './support/server.ts';

type Library = typeof import('../../www/lib/index.ts');

const PICTURE = png(36, 28, scene);

/** A page with a frame; in the frame, pictures whose layout is smaller than they are. */
const HOST = `<!doctype html><title>host</title><iframe src="/frame.html"></iframe>`;
const FRAME = `<!doctype html><title>frame</title><img src="picture.png" style="width: 9px; height: 7px" />`;

test('pictures of another window are taken as they are, not as they are laid out', async ({ page }) => {
  const server = await PlainServer.start({ files: { '/': HOST, '/frame.html': FRAME, '/picture.png': PICTURE }, folders: { '/inlarge/': `${ROOT}dist/npm/` } });
  await page.goto(`${server.origin}/`);
  const seen = await page.evaluate(async (entry) => {
    const { createUpscaler } = (await import(entry)) as Library;
    const inner = (document.querySelector('iframe')?.contentWindow ?? undefined) as (Window & typeof globalThis) | undefined;
    const [image] = inner?.document.images ?? [];
    if (!inner || !image) throw new Error('there is no picture in the frame');
    const bytes = await (await fetch('/picture.png')).arrayBuffer();
    // One that cannot be fetched again has to be drawn.
    const drawn = inner.document.createElement('img');
    drawn.style.width = '5px';
    drawn.src = URL.createObjectURL(new Blob([bytes]));
    inner.document.body.append(drawn);
    await drawn.decode();
    URL.revokeObjectURL(drawn.src);
    const given = { image, drawn, file: new inner.File([bytes], 'inside.png'), blob: new inner.Blob([bytes]), bitmap: await inner.createImageBitmap(image) };
    const up = await createUpscaler({ backend: 'simd', workers: 1 });
    const results: Record<string, unknown> = {};
    for (const [kind, input] of Object.entries(given)) {
      const { width, height, name, blob } = await up.upscale(input, { scale: 2, fidelity: 'lock' });
      let text = '';
      for (const byte of new Uint8Array(await blob.arrayBuffer())) text += String.fromCharCode(byte);
      results[kind] = { size: [width, height], name, file: btoa(text) };
    }
    const wrong = await up.upscale(inner.document.body as unknown as Blob).catch((error: { kind?: string; message: string }) => `${error.kind}: ${error.message}`);
    return { results: results as Record<string, { size: number[]; name: string; file: string }>, wrong };
  }, `${server.origin}/inlarge/index.js`);
  const { image, drawn, file, blob, bitmap } = seen.results;
  expect([image, drawn, file, blob, bitmap].map((result) => result?.size)).toEqual(Array(5).fill([72, 56]));
  expect([image?.name, file?.name]).toEqual(['picture-2x.png', 'inside-2x.png']);
  const right = Buffer.from(blob?.file ?? '', 'base64');
  for (const result of [image, drawn, file, bitmap]) {
    expect((await compare(page, Buffer.from(result?.file ?? '', 'base64'), right)).difference).toBeLessThanOrEqual(1);
  }
  expect(seen.wrong).toMatch(/^parameter: .*HTMLBodyElement.*Give a file/);
  await server.stop();
});
