import { downloadZip } from 'client-zip';
import { distinctNames } from '../lib/names.js';
import type { UpscaleResult } from '../lib/types.js';

/** Hands a file to the browser's downloads. */
export function save(blob: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // The download has its own hold on the data once it has begun; a minute is ample for that.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** Saves several results as one archive, stored without compression: the files are compressed already. */
export async function saveZip(results: readonly UpscaleResult[]): Promise<void> {
  const names = distinctNames(results.map((result) => result.name));
  const files = results.map((result, index) => ({ name: names[index] ?? result.name, input: result.blob, size: BigInt(result.blob.size) }));
  const archive = await downloadZip(files).blob();
  save(archive, 'inlarge.zip');
}

type Picker = (options: { suggestedName: string }) => Promise<FileSystemFileHandle>;

function picker(): Picker | undefined {
  return (globalThis as { showSaveFilePicker?: Picker }).showSaveFilePicker;
}

/** Whether this browser lets the user choose a file before there is a result. */
export function canChooseFile(): boolean {
  return picker() !== undefined;
}

/** The user closed the dialog without naming a file. */
export class Dismissed extends Error {}

/**
 * Asks where a result is to be written; undefined where the browser does not let us ask. Only while a click is being answered. Rejects
 * with `Dismissed` where the user closes the dialog.
 */
export async function chooseFile(suggestedName: string): Promise<FileSystemFileHandle | undefined> {
  try {
    return await picker()?.call(globalThis, { suggestedName });
  } catch (cause) {
    if ((cause as { name?: unknown }).name === 'AbortError') throw new Dismissed('no file was chosen', { cause });
    return undefined;
  }
}
