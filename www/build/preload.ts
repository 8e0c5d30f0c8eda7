import type { Plugin } from 'vite';

/** Has the page's HTML ask for the chunk of a module at once that a script imports only when it runs. */
export function preload(module: string): Plugin {
  return {
    name: 'inlarge-preload',
    transformIndexHtml: {
      order: 'post',
      handler(_html, { bundle }) {
        const chunk = Object.values(bundle ?? {}).find((one) => one.type === 'chunk' && one.facadeModuleId?.endsWith(module));
        if (!chunk) throw new Error(`No chunk was made of ${module}`);
        return [{ tag: 'link', attrs: { rel: 'modulepreload', crossorigin: true, href: `./${chunk.fileName}` }, injectTo: 'head' }];
      },
    },
  };
}
