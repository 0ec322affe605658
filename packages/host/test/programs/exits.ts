import { setTimeout } from 'node:timers/promises';

import { localHost } from '../../src/index.ts';

const host = localHost();
void host.run(['sh', '-c', 'sleep "$1" & wait', 'sh', process.env['SLEEP'] ?? '']);
await setTimeout(200);
process.exit(3);
