import * as vitest from 'vitest';

import { hostContract } from '../../src/contract.ts';
import { localHost } from '../../src/index.ts';

hostContract(vitest, {
  name: 'local',
  open: async () => localHost(),
  root: process.getuid?.() === 0,
  soak: process.env['CUTOVER_SOAK'] !== undefined,
});
