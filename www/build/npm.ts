import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin, UserConfig } from 'vite';
import { copyAssets } from './assets.ts';
import { workspaceVersion } from './version.ts';

const OUT = 'dist/npm';

/** The build of the npm package: library, element and workers under fixed names, with everything they load. */
export function npmPackage(common: UserConfig, target: string): UserConfig {
  return {
    ...common,
    build: {
      target,
      outDir: OUT,
      emptyOutDir: true,
      modulePreload: false,
      rolldownOptions: {
        // The library's exports must survive: nothing in this build imports them.
        preserveEntrySignatures: 'exports-only',
        input: {
          index: 'www/lib/index.ts',
          element: 'www/widget/element.ts',
          'worker/coordinator': 'www/worker/coordinator.ts',
          'worker/compute': 'www/worker/compute.ts',
        },
        // Shared code stays in the root folder, so that `import.meta.url` there means the package's folder.
        output: { entryFileNames: '[name].js', chunkFileNames: 'shared-[name].js' },
      },
    },
    plugins: [packageFiles()],
  };
}

function packageFiles(): Plugin {
  return {
    name: 'inlarge-npm',
    writeBundle() {
      copyAssets(OUT);
      copyTypes();
      for (const file of ['LICENSE-MIT', 'LICENSE-APACHE']) copyFileSync(file, join(OUT, file));
      copyFileSync('docs/EMBEDDING.md', join(OUT, 'README.md'));
      writeFileSync(join(OUT, 'package.json'), `${JSON.stringify(description(), null, 2)}\n`);
    },
  };
}

/** The types that Rust declares, for those of the library: without what only the newest libraries of TypeScript know. */
function copyTypes(): void {
  const types = readFileSync('www/wasm/app/inlarge.d.ts', 'utf8').replace(/^.*\[Symbol\.dispose\].*\n/gm, '');
  const folder = join(OUT, 'types/wasm/app');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'inlarge.d.ts'), types);
}

function description(): object {
  return {
    name: 'inlarge',
    version: workspaceVersion(),
    description: 'Enlarges pictures in the browser with super-resolution networks on WebGPU or the CPU',
    license: 'MIT OR Apache-2.0',
    type: 'module',
    keywords: ['super-resolution', 'upscale', 'webgpu', 'wasm', 'image', 'custom-element'],
    exports: {
      '.': { types: './types/lib/index.d.ts', default: './index.js' },
      './element': { types: './types/widget/element.d.ts', default: './element.js' },
      './element.js': { types: './types/widget/element.d.ts', default: './element.js' },
      './worker/*': './worker/*',
      './wasm/*': './wasm/*',
      './models/*': './models/*',
      './package.json': './package.json',
    },
    sideEffects: ['./element.js', './worker/*.js'],
  };
}
