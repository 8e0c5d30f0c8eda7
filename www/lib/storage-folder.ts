/**
 * Files of results in the origin's private file system. Each page has a folder there of its own and holds a Web Lock of the
 * folder's name for as long as it lives; folders whose lock nobody holds are left over from pages that ended.
 */
const ROOT = 'inlarge';
/** Chromium lets a worker that was ended in the middle of its work go on for up to two seconds, and longer on a busy machine. */
const ATTEMPTS = 100;
const PAUSE_MS = 100;

/** How long a download may take until it has opened its file, in milliseconds. */
const SAVING_MS = 10_000;

let mine: Promise<string | undefined> | undefined;

/** Path of this page's folder; undefined where the browser gives no such storage. Leftovers of other pages are removed. */
export function storageFolder(): Promise<string | undefined> {
  mine ??= take().catch(() => undefined);
  return mine;
}

async function take(): Promise<string | undefined> {
  if (!('locks' in navigator) || !navigator.storage?.getDirectory) return undefined;
  const name = `page-${crypto.randomUUID()}`;
  await new Promise<void>((resolve, reject) => {
    const forever = () => {
      resolve();
      return new Promise<never>(() => {});
    };
    navigator.locks.request(`${ROOT}-${name}`, forever).catch(reject);
  });
  const root = await navigator.storage.getDirectory();
  // Nobody waits for this.
  void sweep(root).catch(() => {});
  return `${ROOT}/${name}`;
}

/** Removes the folders of pages that are gone. */
async function sweep(storage: FileSystemDirectoryHandle): Promise<void> {
  const root = await storage.getDirectoryHandle(ROOT).catch(() => undefined);
  if (!root) return;
  const names: string[] = [];
  for await (const name of (root as unknown as { keys(): AsyncIterable<string> }).keys()) names.push(name);
  // Asked for after the folders were listed: a page takes its lock before its folder.
  const held = new Set((await navigator.locks.query()).held?.map((lock) => lock.name));
  for (const name of names) {
    if (!held.has(`${ROOT}-${name}`)) await root.removeEntry(name, { recursive: true }).catch(() => {});
  }
}

/** Removes a file of the storage, as soon as whoever writes it has let go of it. */
export function discard(path: string, file: string): Promise<void> {
  return persistently(async () => {
    let folder = await navigator.storage.getDirectory();
    for (const part of path.split('/')) folder = await folder.getDirectoryHandle(part);
    await folder.removeEntry(file);
  });
}

/** Removes the file of a result, but not under a download that has just begun. */
export async function retire(path: string, file: string): Promise<void> {
  await pause(SAVING_MS);
  await discard(path, file);
}

/** Removes a file that the user chose for a result that did not come, if it is the empty one that the dialog has made. */
export function removeEmpty(handle: FileSystemFileHandle): Promise<void> {
  return persistently(async () => {
    if ((await handle.getFile()).size === 0) await (handle as { remove?: () => Promise<void> }).remove?.();
  });
}

/** Tries again while a worker that was ended still holds the file. */
async function persistently(remove: () => Promise<void>): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    try {
      await remove();
      return;
    } catch (error) {
      if ((error as Error).name === 'NotFoundError') return;
      await pause(PAUSE_MS);
    }
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
