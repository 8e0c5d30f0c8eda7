import { defineConfig, type UserConfig } from 'vite';
import { VitePWA } from 'vite-plugin-pwa';
import { assets, moduleDigests } from './www/build/assets.ts';
import { withIntegrity } from './www/build/integrity.ts';
import { npmPackage } from './www/build/npm.ts';
import { preload } from './www/build/preload.ts';
import { usual } from './www/build/usual.ts';
import { workspaceVersion } from './www/build/version.ts';

/**
 * Four builds, in this order (package.json): `--mode coordinator` empties dist/; it and `--mode compute` write dist/worker/ under
 * fixed names, because the library finds workers by name below its asset base, each in one file, because a worker that imports
 * starts later; the default one adds the page and its service worker; `--mode npm` writes the package to dist/npm/.
 */
export default defineConfig(async ({ mode }): Promise<UserConfig> => {
  const common: UserConfig = {
    base: './',
    publicDir: false,
    define: {
      __INLARGE_VERSION__: JSON.stringify(workspaceVersion()),
      __INLARGE_MODULES__: JSON.stringify(moduleDigests()),
      __INLARGE_USUAL__: await usual(),
    },
  };
  const target = 'es2022';
  if (mode === 'coordinator' || mode === 'compute') return { ...common, build: { target, outDir: 'dist', emptyOutDir: mode === 'coordinator', ...worker(mode) } };
  if (mode === 'npm') return npmPackage(common, target);
  return {
    ...common,
    publicDir: 'www/public',
    build: { target, outDir: 'dist', emptyOutDir: false, modulePreload: { polyfill: false } },
    plugins: [assets('dist'), preload('/www/ui/app.ts'), pwa()],
  };
});

function worker(name: string): UserConfig['build'] {
  return {
    modulePreload: false,
    rolldownOptions: { input: { [name]: `www/worker/${name}.ts` }, output: { entryFileNames: 'worker/[name].js' } },
  };
}

function pwa() {
  return VitePWA({
    strategies: 'injectManifest',
    srcDir: 'www/pwa',
    filename: 'sw.ts',
    registerType: 'prompt',
    injectRegister: false,
    injectManifest: {
      rollupFormat: 'iife',
      globPatterns: ['**/*.{html,js,css,wasm,onnx,json,svg,png,jpg,webmanifest}'],
      globIgnores: ['npm/**', 'sw.js'],
      manifestTransforms: [withIntegrity('dist')],
      // tract alone has 16 MB; the page must work on the CPU without a network too.
      maximumFileSizeToCacheInBytes: 64 << 20,
    },
    manifest: {
      id: './',
      name: 'Inlarge',
      short_name: 'Inlarge',
      description: 'Makes pictures larger on your own device.',
      start_url: './',
      scope: './',
      display: 'standalone',
      background_color: '#12100e',
      theme_color: '#12100e',
      categories: ['photo', 'utilities'],
      icons: [
        { src: 'icons/icon.svg', sizes: 'any', type: 'image/svg+xml' },
        { src: 'icons/icon-192.png', sizes: '192x192', type: 'image/png' },
        { src: 'icons/icon-512.png', sizes: '512x512', type: 'image/png' },
        { src: 'icons/maskable-512.png', sizes: '512x512', type: 'image/png', purpose: 'maskable' },
      ],
    },
  });
}
