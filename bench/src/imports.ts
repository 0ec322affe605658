import { execFile } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Figure, milliseconds } from './figure.ts';
import { peakMemory } from './peak-memory.ts';

const run = promisify(execFile);

const packages = [
  'host-contract',
  'host',
  'incus-client',
  'secrets',
  'nix-deploy',
  'loops',
  'runbook',
  'cutover-scripts',
];

// From where the packages are found.
const cwd = dirname(fileURLToPath(import.meta.url));

/**
 * `import-PACKAGE`: milliseconds of a Node process that imports the package and ends; `import-PACKAGE-rss`: the most memory
 * that it held. The peer imports nothing.
 */
export const importFigures: readonly Figure[] = packages.flatMap((name) => [
  figure(`import-${name}`, 'ms', name, async (args) =>
    milliseconds(async () => run(process.execPath, args, { cwd })),
  ),
  figure(`import-${name}-rss`, 'MB', name, async (args) =>
    peakMemory(process.execPath, args, process.env, cwd),
  ),
]);

function figure(
  name: string,
  unit: Figure['unit'],
  imported: string,
  sample: (args: string[]) => Promise<number>,
): Figure {
  const node = async (script: string): Promise<number> => sample(['--input-type=module', '--eval', script]);
  return {
    name,
    unit,
    better: 'lower',
    peerName: 'bare node',
    samples: 10,
    warmUp: 1,
    open: async () => ({
      ours: () => node(`await import('@cutover/${imported}')`),
      peer: () => node(''),
      [Symbol.asyncDispose]: async () => {},
    }),
  };
}
