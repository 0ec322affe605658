#!/usr/bin/env node
// record-cutover [--print]: does a whole cutover on the lab and writes what its commands showed into docs/tutorial-cutover.md, or
// with --print to standard output, all of it.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { withInterrupts } from '@cutover/foundation/interrupts';
import { checkout } from '../folders.ts';
import { openLab } from '../lab.ts';
import { withScreens } from './page.ts';
import { recordCutover } from './record.ts';

const page = join(checkout(), 'docs/tutorial-cutover.md');
const say = (text: string): void => void process.stderr.write(`${text}\n`);

async function main(signal: AbortSignal): Promise<void> {
  await using lab = await openLab({ signal, onProgress: say });
  const screens = await recordCutover({ lab, onProgress: say, signal });
  if (process.argv.includes('--print')) {
    for (const [name, text] of screens) process.stdout.write(`=== ${name}\n${text}\n`);
    return;
  }
  await writeFile(page, withScreens(await readFile(page, 'utf8'), screens));
  say(`wrote ${page}`);
}

try {
  await withInterrupts(main);
} catch (error) {
  say(`record-cutover: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
