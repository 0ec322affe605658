import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Host, localHost, sshHost } from '@cutover/host';
import { buildPrograms } from '@cutover/test-support/build-programs';
import { startSshd, type Sshd } from '@cutover/test-support/sshd';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freeze } from '../../src/safe-point/freeze.ts';
import { until } from '../rig.ts';

const local = localHost();
let sshd: Sshd;
let far: Host;
const outDir = fileURLToPath(new URL('../../node_modules/.cache/programs', import.meta.url));
beforeAll(async () => {
  await buildPrograms([fileURLToPath(new URL('programs/freezes.ts', import.meta.url))], outDir);
  sshd = await startSshd();
  far = sshHost(sshd.options);
});
afterAll(async () => {
  await far[Symbol.asyncDispose]();
  await sshd[Symbol.asyncDispose]();
});

/** A process of this machine that does nothing for a while. */
function sleeper() {
  const seconds = `1000.${String(Math.random()).slice(2)}`;
  const child = spawn('sleep', [seconds], { stdio: 'ignore' });
  const pid = child.pid ?? 0;
  return {
    pid,
    selector: { commandLines: [seconds] },
    isStopped: async () => /^State:\s+T/m.test(await readFile(`/proc/${pid}/status`, 'utf8')),
    [Symbol.asyncDispose]: async () => {
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      await exit;
    },
  };
}

async function processesLike(text: string): Promise<string[]> {
  const { stdout } = await local.run(['ps', '-eww', '-o', 'pid=,args=']);
  return stdout.split('\n').filter((line) => line.includes(text));
}

describe.each(['local', 'ssh'])('a rig that was frozen over %s', (where) => {
  const host = (): Host => (where === 'local' ? local : far);

  it('goes on when it is let go, and nothing is left that would let a later one go', async () => {
    await using one = sleeper();
    const frozen = await freeze(host(), one.selector, 55, undefined);
    expect(frozen.pids).toEqual([one.pid]);
    expect(await one.isStopped()).toBe(true);
    expect(await processesLike(`thaw 55 ${one.pid}`)).toHaveLength(1);
    await frozen.confirm();
    await frozen.thaw();
    expect(await one.isStopped()).toBe(false);
    expect(await processesLike(`thaw 55 ${one.pid}`)).toEqual([]);
  });

  it('goes on at once when the program that holds it is killed', async () => {
    await using one = sleeper();
    const given = { selector: one.selector, ...(where === 'ssh' && { ssh: sshd.options }) };
    // On the rig's own host its command line matches the rig's pattern; it must not freeze itself.
    const args = where === 'local' ? one.selector.commandLines : [];
    const holder = spawn(process.execPath, [join(outDir, 'freezes.mjs'), ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, GIVEN: JSON.stringify(given) },
    });
    await once(holder.stdout, 'data');
    expect(await one.isStopped()).toBe(true);
    holder.kill('SIGKILL');
    await until(one.isStopped, (stopped) => !stopped, 5000);
    await until(
      async () => await processesLike(`thaw 55 ${one.pid}`),
      (left) => left.length === 0,
      5000,
    );
  });

  it('is known to have gone on when what held it was ended', async () => {
    await using one = sleeper();
    const frozen = await freeze(host(), one.selector, 55, undefined);
    const [holder = ''] = await processesLike('hold-still 55');
    process.kill(Number.parseInt(holder, 10), 'SIGTERM');
    await until(one.isStopped, (stopped) => !stopped, 5000);
    await expect(frozen.confirm()).rejects.toThrow(/HOLD_LOST|has ended: its processes go on|was ended/);
  });
});
