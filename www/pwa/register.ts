import { registerSW } from 'virtual:pwa-register';

/** What the service worker has to say to the user. */
export interface Notices {
  /** Switches to the new version and reloads; undefined while there is none. */
  readonly update: (() => void) | undefined;
  /** The page has just become usable without a network. */
  readonly offline: boolean;
}

/** How long the note that the page works offline stays, in milliseconds. */
const NOTE_MS = 6000;

/** Registers the service worker. A new version is offered, never forced on work under way. */
export function offerUpdates(show: (notices: Notices) => void): void {
  const update = registerSW({
    onNeedRefresh: () => show({ update: () => void update(true), offline: false }),
    onOfflineReady: () => {
      show({ update: undefined, offline: true });
      setTimeout(() => show({ update: undefined, offline: false }), NOTE_MS);
    },
  });
}
