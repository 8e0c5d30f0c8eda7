/// <reference lib="webworker" />
import { clientsClaim } from 'workbox-core';
import { cleanupOutdatedCaches, PrecacheController, PrecacheRoute } from 'workbox-precaching';
import { NavigationRoute, registerRoute } from 'workbox-routing';
import { appPackages } from '../shared/features.js';
import { digestOf, isIntact, onlyIntact } from './intact.js';

declare const self: ServiceWorkerGlobalScope;

// What vite-plugin-pwa adds by itself is in the list already, with its digest.
const files = (self.__WB_MANIFEST as { url: string; revision: string | null; integrity?: string }[]).filter((file) => file.integrity);
const digests = new Map(files.map(({ url, integrity = '' }) => [new URL(url, location.href).href, integrity]));

// Page, workers, wasm packages and models: after the first visit nothing needs the network. Of the two app packages only the
// one that this browser takes.
const [best] = appPackages();
const wanted = (url: string): boolean => !url.startsWith('wasm/app') || url.startsWith(`wasm/${best}/`);
const precache = new PrecacheController({ plugins: [onlyIntact(digests)] });
precache.precache(files.filter(({ url }) => wanted(url)));
registerRoute(new PrecacheRoute(precache));
// A browser that learned relaxed SIMD after that still has the other one, which the page falls back to.
registerRoute(
  ({ url }) => url.pathname.includes('/wasm/app'),
  async ({ request }) => {
    const kept = await caches.match(request, { ignoreSearch: true });
    return kept && (await isIntact(kept, request.url, digestOf(digests, request.url))) ? kept : fetch(request);
  },
);
cleanupOutdatedCaches();
const page = precache.createHandlerBoundToURL('index.html');
const integrity = digestOf(digests, new URL('index.html', location.href).href);
registerRoute(new NavigationRoute((options) => page({ ...options, params: { integrity } }), { denylist: [/\/npm\//, /\/licences\.txt$/] }));
// The first visit is served by this worker at once, so that its compute workers survive a lost network too.
clientsClaim();

self.addEventListener('message', (event) => {
  if ((event.data as { type?: unknown } | null)?.type === 'SKIP_WAITING') void self.skipWaiting();
});
