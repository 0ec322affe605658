import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Figure, UnavailableError } from './figure.ts';

/** One `bin/rehearse` from its start to its end. */
interface Rehearsed {
  readonly seconds: number;
  readonly downtimeSeconds: number;
}

const command = fileURLToPath(new URL('../../bin/rehearse', import.meta.url));
const alone = new UnavailableError('nothing else rehearses a cutover');

/** Set-up done, from typing the command to its last line; and, of the same rehearsal, how long no loop ran. */
export function rehearsalFigures(): readonly Figure[] {
  let last: Rehearsed | undefined;
  const open: Figure['open'] = async () => {
    // The first one sets up; it is no sample.
    last ??= await rehearse();
    return {
      ours: async () => {
        last = await rehearse();
        return last.seconds;
      },
      peer: alone,
      [Symbol.asyncDispose]: async () => undefined,
    };
  };
  const facts = { unit: 's', better: 'lower', peerName: 'none', samples: 1, warmUp: 0 } as const;
  return [
    { ...facts, name: 'rehearse-warm', open },
    {
      ...facts,
      name: 'downtime',
      open: async () => ({
        ...(await open()),
        ours: async () => (last ?? (await rehearse())).downtimeSeconds,
      }),
    },
  ];
}

async function rehearse(): Promise<Rehearsed> {
  const startedAt = performance.now();
  const child = spawn(command, ['--json'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const closed = once(child, 'close');
  let lastLine = '';
  for await (const line of createInterface({ input: child.stdout })) lastLine = line;
  await closed;
  if (child.exitCode !== 0) {
    throw new UnavailableError(`bin/rehearse ended with exit code ${child.exitCode}: ${lastLine}`);
  }
  const { downtimeSeconds }: { downtimeSeconds: number } = JSON.parse(lastLine);
  return { seconds: (performance.now() - startedAt) / 1000, downtimeSeconds };
}
