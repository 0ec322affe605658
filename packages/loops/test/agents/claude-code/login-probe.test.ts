import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { claudeCodeAdapter } from '../../../src/agents/claude-code/claude-code-adapter.ts';
import { loginStates } from '../../../src/agents/login-states.ts';
import { parseRigConfig } from '../../../src/config/load-rig-config.ts';
import { isAlive, isZombie } from '../../../src/processes/reap-runs.ts';
import { until } from '../../rig.ts';
import { judgeCall } from '../../../src/agents/claude-code/login-probe.ts';

const call = (facts: object): string => JSON.stringify({ type: 'result', ...facts });

describe('a live call', () => {
  it.each([
    ['logged-in', { is_error: false, api_error_status: null, result: 'ready' }],
    ['logged-out', { is_error: true, api_error_status: 401, result: 'OAuth token has expired' }],
    ['logged-out', { is_error: true, api_error_status: 403, result: 'OAuth token revoked' }],
    ['logged-out', { is_error: true, result: 'Not logged in · Please run /login' }],
    ['at-limit', { is_error: true, api_error_status: 429, result: "You've hit your session limit" }],
    ['unknown', { is_error: true, api_error_status: 529, result: 'Overloaded' }],
  ])('says: %s', (state, facts) => {
    expect(judgeCall(call(facts))?.state).toBe(state);
  });

  it('that printed something else says nothing', () => {
    expect(judgeCall('Error: no network')).toBeUndefined();
  });
});

describe('the login of a rig', () => {
  const statesOf = async (script: string) => {
    const home = await mkdtemp(join(tmpdir(), 'login-'));
    const program = join(home, 'claude');
    await writeFile(program, `#!/bin/sh\necho "$*" >> ${home}/calls\n${script}`);
    await chmod(program, 0o755);
    const command = (...more: string[]) => ({
      agent: 'claude-code',
      command: ['nice', '-n', '5', program, ...more],
    });
    const config = parseRigConfig(
      JSON.stringify({
        rig: 'demo',
        workspace: home,
        loops: { one: command(), two: command('--model', 'x') },
      }),
      join(home, 'loops.yaml'),
    );
    try {
      const states = await loginStates(config);
      return { states, calls: await readFile(join(home, 'calls'), 'utf8') };
    } finally {
      await rm(home, { recursive: true });
    }
  };

  it('is asked of the program behind what starts it, once for all that share it', async () => {
    const { states, calls } = await statesOf(`echo '{"loggedIn": false}'; exit 1`);
    expect(states).toEqual([{ loops: ['one', 'two'], state: 'logged-out', detail: 'there is no login' }]);
    expect(calls).toBe('auth status\n');
  });

  it('is unknown where the program fails, and nothing of it is left', async () => {
    const { states, calls } = await statesOf('sleep 1000 & echo $! >> "$(dirname "$0")/calls"; exit 1');
    expect(states).toMatchObject([{ state: 'unknown' }]);
    const pid = Number(calls.split('\n')[1]);
    await until(
      () => isAlive(pid) && !isZombie(pid),
      (lives) => !lives,
    );
  });

  it('is unknown where there is no program', async () => {
    const probe = claudeCodeAdapter.login?.probe({ program: ['/nowhere/claude'], environment: {}, cwd: '/' });
    expect(await probe).toMatchObject({ state: 'unknown', detail: expect.stringContaining('ENOENT') });
  });
});
