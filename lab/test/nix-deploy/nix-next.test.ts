import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { collectGarbage, deploy, type DeployEvent, generations, NixError, plan } from '@cutover/nix-deploy';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { soak } from '../incus-client/soak.ts';
import { type Machine, marked, startMachine } from './machine.ts';

const run = promisify(execFile);
const recipe = fileURLToPath(new URL('../../images/nix-next/build', import.meta.url));

/** Puts the newest Nix of Debian in the place of the machine's own. */
async function install(machine: Machine): Promise<void> {
  const folder = (await run(recipe)).stdout.trim();
  const { stdout } = await run('tar', ['-C', folder, '-cf', '-', '.'], {
    encoding: 'buffer',
    maxBuffer: 512 * 1024 * 1024,
  });
  await machine.host.writeFile('/opt/nix.tar', stdout, { mode: 0o644 });
  await machine.sh(`
    mkdir /opt/nix && tar -C /opt/nix -xf /opt/nix.tar && rm /opt/nix.tar
    for name in nix nix-store nix-env nix-collect-garbage; do ln -s /opt/nix/nix "/usr/local/bin/$name"; done`);
}

describe.skipIf(soak(1, 0) === 0)('with the newest Nix on the target', () => {
  let machine: Machine;
  let other: Machine;
  beforeAll(async () => {
    [machine, other] = await Promise.all([startMachine(), startMachine()]);
    await install(machine);
  });
  afterAll(async () => {
    await Promise.all([machine, other].map(async (one) => await one[Symbol.asyncDispose]()));
  });

  it('is another one than Debian’s stable has', async () => {
    expect(await machine.sh('nix --version')).toMatch(/2\.(3[4-9]|[4-9]\d)\./);
    expect(await other.sh('nix --version')).toMatch(/2\.[12]\d\./);
  });

  it('plans, builds, activates and confirms, with progress; a second time nothing is done', async () => {
    await machine.declare(marked('one'));
    const planned = await plan(machine.target, { source: machine.source });
    expect(planned.problems).toEqual([]);
    expect(planned.closure?.after).toBeGreaterThan(0);
    await machine.declare(marked('two'));
    const events: DeployEvent[] = [];
    const result = await deploy(machine.target, {
      source: machine.source,
      onEvent: (event) => events.push(event),
    });
    expect(result).toMatchObject({ changed: true, generation: 1, warnings: [] });
    const built = events.flatMap((event) => (event.type === 'progress' ? [event.progress.builds.done] : []));
    expect(Math.max(...built)).toBeGreaterThan(0);
    expect(await deploy(machine.target, { source: machine.source })).toMatchObject({ changed: false });
  });

  it('tells a flake that does not evaluate from a build that fails, with the builder’s last lines', async () => {
    await machine.declare('{ ... }: { environment.etc.marker.text = nothingOfTheKind; }\n');
    await expect(deploy(machine.target, { source: machine.source })).rejects.toMatchObject({
      code: 'EVALUATION_FAILED',
    });
    const broken = 'pkgs.runCommand "broken" { } "echo the reason is plain; exit 100"';
    await machine.declare(marked('broken', `environment.etc.x.source = ${broken};`));
    const error: unknown = await deploy(machine.target, { source: machine.source }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(NixError);
    expect(error).toMatchObject({
      code: 'BUILD_FAILED',
      derivation: expect.stringContaining('broken'),
      lastLines: expect.arrayContaining(['the reason is plain']),
    });
  });

  it('says what a generation changed, and collects old ones', async () => {
    await machine.declare(marked('three', 'environment.etc.more.text = "x";'));
    await deploy(machine.target, { source: machine.source });
    const all = await generations(machine.host, { changes: true });
    expect(all.at(-1)?.changes?.packages.length).toBeGreaterThan(0);
    await machine.sh('touch -h -d "30 days ago" /nix/var/nix/profiles/system-*-link');
    expect(await collectGarbage(machine.host, { keep: 1 })).toMatchObject({ deleted: [1], kept: [2] });
  });

  it('gives what it built to a target with an older Nix, and takes what that built', async () => {
    await machine.declare(marked('from the newest'));
    await deploy(other.target, { source: machine.source, buildOn: machine.target });
    expect(await other.sh('cat /etc/marker')).toBe('from the newest');
    await other.declare(marked('from an older one'));
    await deploy(machine.target, { source: other.source, buildOn: other.target });
    expect(await machine.sh('cat /etc/marker')).toBe('from an older one');
  });

  it('refuses an unsigned closure, and deletes it again', async () => {
    await other.declare(marked('unsigned'));
    const error: unknown = await deploy(machine.target, {
      source: other.source,
      buildOn: other.target,
      requireSignatures: true,
    }).catch((e: unknown) => e);
    expect(String(error)).toContain('unsigned closure');
    expect(String(error)).toMatch(/of the (\d+) paths that were copied for it, \1 were deleted again/);
    expect(await machine.sh('cat /etc/marker')).toBe('from an older one');
  });
});
