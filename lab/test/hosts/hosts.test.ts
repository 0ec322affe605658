import { asUser, type Host, sshHost } from '@cutover/host';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Lab,
  type LabHosts,
  openLab,
  scriptedOperator,
  startHosts,
  startSampler,
} from '../../src/index.ts';

const launcher = '/srv/cc-ci/cc-ci-plan/launch.sh';

describe('the hosts around a cutover', () => {
  let lab: Lab;
  let hosts: LabHosts;
  let loops: Host;
  beforeAll(async () => {
    lab = await openLab();
    hosts = await startHosts(lab);
    loops = asUser(hosts.pi.host, 'loops');
  });
  afterAll(async () => {
    await hosts[Symbol.asyncDispose]();
    await lab[Symbol.asyncDispose]();
  });

  const inLoops = async (...argv: string[]) => (await loops.run(argv, { cwd: '/srv/cc-ci' })).stdout.trim();
  const forgeHead = async () =>
    (
      await hosts.forge.host.run([
        'git',
        '-C',
        '/srv/git/cc-ci.git',
        '-c',
        'safe.directory=*',
        'log',
        '--format=%s',
        'main',
      ])
    ).stdout;

  it('has the old rig running, in the middle of its plan phases', async () => {
    expect(await inLoops(launcher, 'status')).toBe(
      'builder running\nadversary running\nwatchdog running\nphase 2',
    );
    expect(await inLoops('tmux', 'list-sessions', '-F', '#{session_name}')).toBe(
      'cc-ci-adversary\ncc-ci-builder\ncc-ci-watchdog\norchestrator',
    );
  });

  it('runs commands as another user there', async () => {
    const { stdout } = await loops.run(['sh', '-c', 'id -un; echo $HOME; pwd']);
    expect(stdout).toBe('loops\n/home/loops\n/home/loops\n');
    await loops.writeFile('/home/loops/file', 'x', { mode: 0o600 });
    expect((await hosts.pi.host.run(['stat', '-c', '%U %a', '/home/loops/file'])).stdout).toBe('loops 600\n');
  });

  it('lays the old host out with its secrets readable by their owner only', async () => {
    const secrets = ['.testenv', '.sops/master-age.txt', '/home/loops/.ssh/cc-ci-root-ed25519'];
    const certificates = '/srv/incus-terraform-nix-vm-creator/terraform-secrets';
    const files = [
      ...secrets,
      `${certificates}/terraform.key`,
      `${certificates}/terraform.crt`,
      `${certificates}/vm_ssh_key`,
    ];
    expect((await inLoops('stat', '-c', '%U %a', ...files)).split('\n')).toEqual(
      files.map(() => 'loops 600'),
    );
    expect(Number(await inLoops('sh', '-c', 'find references | wc -l'))).toBeGreaterThan(300);
    expect(await inLoops('git', '-C', 'cc-ci-secrets', 'show', 'origin/main:server.yaml')).toMatch(
      /^admin_password: ENC\[.*\]\nsops:\n/,
    );
    expect(await inLoops('crontab', '-l')).toContain('launch.sh revive');
    expect(await inLoops('ssh', '-o', 'StrictHostKeyChecking=accept-new', 'ccci', 'hostname')).toBe('ccci');
  });

  it('has loops that commit, claim and review, and a health page that knows the head', async () => {
    await expect
      .poll(forgeHead, { timeout: 60_000 })
      .toMatch(/verdict\(2\): pass [0-9a-f]{40}\n(.*\n)*claim\(2\)/);
    const page = async () => JSON.parse(await inLoops('curl', '--silent', 'http://ccci/health')) as unknown;
    await expect.poll(page).toMatchObject({ status: 'ok', head: expect.stringMatching(/^[0-9a-f]{40}$/) });
  });

  it('reaches the outside through its proxy', async () => {
    expect(
      await inLoops('curl', '--silent', '--socks5-hostname', '127.0.0.1:1055', 'http://ccci/health'),
    ).toContain('"ok"');
  });

  it('lets an operator in who speaks with the orchestrator at a real terminal', async () => {
    const attach = ['runuser', '-u', 'loops', '--', 'tmux', 'attach', '-t', 'orchestrator'];
    await scriptedOperator(hosts.pi.ssh).visitSession({ attach, line: 'are you there' });
    expect(await inLoops('cat', '.cc-ci-logs/orchestrator.heard')).toContain('are you there');
  });

  it('ends the loops at a safe point when it is asked to, as the sampler sees', async () => {
    using sampler = startSampler({ folders: lab.folders, old: 'pi', new: 'terraform-ci_nothing' });
    // On a busy machine the safe point may be farther away than the ten seconds that it waits by itself.
    await inLoops('env', 'STOP_TENTHS=600', launcher, 'stop');
    const report = sampler.finish();
    expect(report.sightings[0]?.old).toEqual(['adversary', 'builder', 'watchdog']);
    expect(report.sightings.at(-1)?.old).toEqual([]);
    expect(report).toMatchObject({ both: 0, onNew: 0 });
    for (const clone of ['cc-ci', 'cc-ci-adv']) {
      expect(await inLoops('git', '-C', clone, 'status', '--porcelain')).toBe('');
      expect(await inLoops('git', '-C', clone, 'log', '--format=%s', 'origin/main..HEAD')).toBe('');
    }
  });

  it('logs the agent in by the code on the screen, and knows when it is not', async () => {
    const agent = '/srv/cc-ci/cc-ci-plan/bin/agent';
    await inLoops(agent, 'logout');
    expect((await loops.run([agent, 'whoami', '--json'], { reject: false })).exitCode).toBe(77);
    await scriptedOperator(hosts.pi.ssh).logAgentIn({ user: 'loops' });
    expect(JSON.parse(await inLoops(agent, 'whoami', '--json'))).toMatchObject({
      loggedIn: true,
      host: 'pi',
    });
  });

  it('keeps a host out of the forge whose key was revoked, until it is let in again', async () => {
    const operator = sshHost({ ...hosts.forge.ssh, user: 'git' });
    await using _operator = operator;
    const key = await inLoops('cat', '/home/loops/.ssh/id_ed25519.pub');
    const reach = async () =>
      (await loops.run(['git', 'ls-remote', 'git@forge:cc-ci.git'], { reject: false })).exitCode;
    expect(await reach()).toBe(0);
    const [, fingerprint = ''] = (
      await inLoops('ssh-keygen', '-l', '-f', '/home/loops/.ssh/id_ed25519.pub')
    ).split(' ');
    await operator.run(['revoke', fingerprint]);
    expect(await reach()).not.toBe(0);
    await operator.run(['authorize', 'pi'], { input: key });
    expect(await reach()).toBe(0);
  });

  it('lets a deploy key read and write, and do nothing else', async () => {
    const asked = (...argv: string[]) => loops.run(['ssh', 'git@forge', ...argv], { reject: false });
    expect((await asked('init', 'mine')).exitCode).toBe(77);
    expect((await asked('git-upload-pack', "'/srv/git/../../etc'")).exitCode).toBe(2);
    expect((await asked('sh', '-c', 'id')).exitCode).toBe(2);
  });
});
