import { startSshd } from '@cutover/test-support/sshd';
import * as vitest from 'vitest';

import { localHost, sshHost } from '../../src/index.ts';
import { shellSuite } from '../../src/zx-suite.ts';

const sshd = await startSshd();
vitest.afterAll(async () => await sshd[Symbol.asyncDispose]());

shellSuite(vitest, { name: 'local', open: async () => localHost(), inheritsEnvironment: true });
shellSuite(vitest, { name: 'ssh', open: async () => sshHost(sshd.options) });
