import { readFileSync } from 'node:fs';

/** The version of the workspace; Cargo.toml is the one place where it is written. */
export function workspaceVersion(): string {
  const text = readFileSync('Cargo.toml', 'utf8');
  const section = /\[workspace\.package\]([^[]*)/.exec(text)?.[1] ?? '';
  const version = /^version\s*=\s*"([^"]+)"/m.exec(section)?.[1];
  if (!version) throw new Error('Cargo.toml has no version under [workspace.package]');
  return version;
}
