import type { WorkboxPlugin } from 'workbox-core/types.js';
import { integrity, sha256 } from '../shared/digest.js';

/** Types that a browser insists on, by the ending of a file; others are read whatever they are called. */
const TYPES: Readonly<Record<string, RegExp>> = {
  html: /^text\/html\b/i,
  js: /^(text|application)\/(javascript|ecmascript)\b/i,
  css: /^text\/css\b/i,
};

/** Digests by the address of a file. */
export type Digests = ReadonlyMap<string, string>;

/**
 * Keeps what is damaged or comes from a stranger (a hotel's log-in page, a proxy) out of the cache, however well the server says that it
 * went: an entry would be given out at every later visit. What lies there is looked at again whenever it is read, and fetched anew where
 * it is not the file of the list.
 */
export function onlyIntact(digests: Digests): WorkboxPlugin {
  return {
    // The browser would only refuse; its caches may hold the damaged answer, and the server a sound one.
    async requestWillFetch({ request, state }) {
      if (state) state['digest'] = request.integrity || digestOf(digests, request.url);
      return new Request(request, { integrity: '' });
    },
    async fetchDidSucceed({ request, response, state }) {
      const digest = state?.['digest'] as string | undefined;
      let given = response;
      let whole = await isIntact(given, request.url, digest);
      if (!whole) {
        given = await fetch(new Request(request, { cache: 'reload' }));
        whole = await isIntact(given, request.url, digest);
      }
      if (state) state['whole'] = whole;
      return given;
    },
    // While the worker is installed a refusal here ends the installation, which the next visit tries again.
    async cacheWillUpdate({ response, state }) {
      return state?.['whole'] ? response : null;
    },
    async cachedResponseWillBeUsed({ cacheName, cachedResponse, request }) {
      if (!cachedResponse || (await isIntact(cachedResponse, request.url, digestOf(digests, request.url)))) return cachedResponse;
      await (await caches.open(cacheName)).delete(request);
      return null;
    },
  };
}

/** Whether a response is the file that is meant, with a type that browsers take it by. */
export async function isIntact(response: Response, address: string, digest: string | undefined): Promise<boolean> {
  const type = TYPES[new URL(address).pathname.split('.').at(-1) ?? ''];
  if (!response.ok || digest === undefined || (type && !type.test(response.headers.get('content-type') ?? ''))) return false;
  const found = await sha256(await response.clone().arrayBuffer());
  return found !== undefined && integrity(found) === digest;
}

/** The digest of a file, whatever its address has behind the question mark. */
export function digestOf(digests: Digests, address: string): string | undefined {
  const url = new URL(address);
  url.search = '';
  return digests.get(url.href);
}
