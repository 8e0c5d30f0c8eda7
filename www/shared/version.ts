import { DeviceError } from './errors.js';

/** Throws where whoever calls this worker is of another version: a page that is open while a new one is installed gets the new workers. */
export function expectVersion(caller: string): void {
  if (caller === __INLARGE_VERSION__) return;
  throw new DeviceError(`The page is version ${caller} and its worker is version ${__INLARGE_VERSION__}.`, 'Reload the page.');
}
