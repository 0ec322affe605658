import { setTimeout } from 'node:timers/promises';

import { localHost } from '../../src/index.ts';

const host = localHost();
const start = async (...argv: readonly string[]): Promise<void> => {
  const stream = host.stream(argv);
  stream.exit.catch(() => undefined);
  await stream.started;
};
// As one that was started by sudo.
await start('sleep', '2');
process.setgid?.(65_534);
process.setuid?.(65_534);
await start('sh', '-c', 'sleep "$1" & wait', 'sh', process.env['SLEEP'] ?? '');
await setTimeout(200);
process.exit(3);
