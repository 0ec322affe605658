import { execFile } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Figure, milliseconds } from './figure.ts';

const run = promisify(execFile);

/** `import-PACKAGE`: milliseconds of a Node process that imports the package and ends. The peer imports nothing. */
export function importFigure(name: string): Figure {
  // From where the package is found.
  const cwd = dirname(fileURLToPath(import.meta.url));
  const node = async (script: string): Promise<number> =>
    milliseconds(async () => run(process.execPath, ['--input-type=module', '--eval', script], { cwd }));
  return {
    name: `import-${name}`,
    unit: 'ms',
    better: 'lower',
    peerName: 'bare node',
    samples: 10,
    warmUp: 1,
    open: async () => ({
      ours: () => node(`await import('@cutover/${name}')`),
      peer: () => node(''),
      [Symbol.asyncDispose]: async () => {},
    }),
  };
}
