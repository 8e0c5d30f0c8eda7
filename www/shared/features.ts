/**
 * A module whose one function is f32x4.relaxed_madd of three vectors of zeros:
 * `(module (func (result v128) i32.const 0 i32x4.splat ... f32x4.relaxed_madd))`.
 */
export const RELAXED_MADD = Uint8Array.of(
  0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00,
  0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7b,
  0x03, 0x02, 0x01, 0x00,
  0x0a, 0x13, 0x01, 0x11, 0x00,
  0x41, 0x00, 0xfd, 0x11, 0x41, 0x00, 0xfd, 0x11, 0x41, 0x00, 0xfd, 0x11, 0xfd, 0x85, 0x02, 0x0b,
);

/** The packages of wasm-pack.toml that carry the picture's way from file to file, best first, as far as this browser takes them. */
export function appPackages(): readonly AppPackage[] {
  return WebAssembly.validate(RELAXED_MADD) ? ['app-relaxed', 'app'] : ['app'];
}

/** The same code with and without relaxed SIMD. */
export type AppPackage = 'app' | 'app-relaxed';
