import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { test } from '@playwright/test';
import { fromXtask } from './environment.ts';

/** What the command line makes of a file, with the same model and the CPU's engine. */
export async function enlargeByCommandLine(name: string, file: Buffer, scale: number): Promise<Buffer> {
  const input = test.info().outputPath(name);
  const output = test.info().outputPath(`${name}-command-line.png`);
  await writeFile(input, file);
  await new Promise<void>((resolve, reject) => {
    execFile(fromXtask('INLARGE_COMMAND_LINE'), [input, '-o', output, '-s', String(scale), '--backend', 'tract'], (error, _out, said) => {
      if (error) reject(new Error(`the command line failed: ${said || error.message}`));
      else resolve();
    });
  });
  return readFile(output);
}
