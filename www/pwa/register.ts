/** Registers the service worker, and says what it has to say. A tab is reloaded only where its user asks for that. */

/** What the service worker has to say to the user. */
export interface Notices {
  /** Switches to the new version and reloads; undefined while there is none. */
  readonly update: (() => void) | undefined;
  /** The page has just become usable without a network. */
  readonly offline: boolean;
}

/** How long the note that the page works offline stays, in milliseconds. */
const NOTE_MS = 6000;

/** Registers the service worker. `show` is given what has changed. */
export async function offerUpdates(show: (news: Partial<Notices>) => void): Promise<void> {
  if (!('serviceWorker' in navigator)) return;
  const { serviceWorker } = navigator;
  const { Workbox } = await import('workbox-window');
  const worker = new Workbox('./sw.js', { scope: './' });
  let asked = false;
  // The first worker of all takes over a page that had none: that is no new version.
  let controlled = serviceWorker.controller !== null;
  const reload = (): void => location.reload();
  const update = async (): Promise<void> => {
    asked = true;
    const registration = await serviceWorker.getRegistration();
    if (registration?.waiting) worker.messageSkipWaiting();
    else reload();
  };
  worker.addEventListener('installed', ({ isUpdate, isExternal }) => {
    if (isUpdate || isExternal || controlled) return;
    show({ offline: true });
    setTimeout(() => show({ offline: false }), NOTE_MS);
  });
  worker.addEventListener('waiting', () => show({ update: () => void update() }));
  // The worker is one for all tabs: where another one has asked for the new version, this one is told and goes on.
  serviceWorker.addEventListener('controllerchange', () => {
    if (asked) reload();
    else if (controlled) show({ update: reload });
    controlled = true;
  });
  // Where it cannot be installed the page works with the network, and tries again at the next visit.
  await worker.register().catch(() => {});
}
