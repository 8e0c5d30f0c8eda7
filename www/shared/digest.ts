/** SHA-256 of files that came over the network, to tell the right ones from damaged and foreign ones. */

/** The digest of `bytes`; undefined where there is no WebCrypto, which only secure contexts have. */
export async function sha256(bytes: BufferSource): Promise<Uint8Array | undefined> {
  if (!('subtle' in crypto)) return undefined;
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
}

/** A digest as manifests write it. */
export function hex(digest: Uint8Array): string {
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** A digest as Subresource Integrity writes it (W3C SRI, section 3.5). */
export function integrity(digest: Uint8Array): string {
  return `sha256-${btoa(String.fromCharCode(...digest))}`;
}
