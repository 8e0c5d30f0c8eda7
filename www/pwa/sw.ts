/// <reference lib="webworker" />
import { clientsClaim } from 'workbox-core';
import { cleanupOutdatedCaches, createHandlerBoundToURL, precacheAndRoute } from 'workbox-precaching';
import { NavigationRoute, registerRoute } from 'workbox-routing';
import { appPackages } from '../shared/features.js';

declare const self: ServiceWorkerGlobalScope & { __WB_MANIFEST: { url: string; revision: string | null }[] };

// Page, workers, wasm packages and models: after the first visit nothing needs the network. Of the two app packages only the
// one that this browser takes.
const [best] = appPackages();
const wanted = (url: string): boolean => !url.startsWith('wasm/app') || url.startsWith(`wasm/${best}/`);
precacheAndRoute(self.__WB_MANIFEST.filter((entry) => wanted(typeof entry === 'string' ? entry : entry.url)));
// A browser that learned relaxed SIMD after that still has the other one, which the page falls back to.
registerRoute(
  ({ url }) => url.pathname.includes('/wasm/app'),
  async ({ request }) => (await caches.match(request, { ignoreSearch: true })) ?? fetch(request),
);
cleanupOutdatedCaches();
registerRoute(new NavigationRoute(createHandlerBoundToURL('index.html'), { denylist: [/\/npm\//] }));
// The first visit is served by this worker at once, so that its compute workers survive a lost network too.
clientsClaim();

self.addEventListener('message', (event) => {
  if ((event.data as { type?: unknown } | null)?.type === 'SKIP_WAITING') void self.skipWaiting();
});
