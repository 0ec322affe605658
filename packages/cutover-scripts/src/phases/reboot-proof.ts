import type { Step } from '@cutover/runbook';
import { asUser, bootIdentity } from '@cutover/host';
import { rebootProof } from '@cutover/nix-deploy';
import { runtimePath } from '@cutover/secrets';
import { newResumePoint } from '../carry/resume-point.ts';
import { bootService, rigConfigFile, tmuxService } from '../rig/rig.ts';
import { notRunning, rigStatus, waitForLoops } from '../rig/rig-status.ts';
import { reachNewHost } from '../new-host/reach-new-host.ts';
import { unitState } from '../new-host/unit-state.ts';
import { newHostStanding } from '../tailnet/new-host-standing.ts';
import { tailnetMode } from '../tailnet/standing.ts';
import { step } from '../world/step.ts';
import type { World } from '../world/world.ts';

const phase = 'e-hand-over';
const second = 1000;

/** What must be the same after the reboot. */
const lookBefore = step({
  id: 'before-reboot',
  version: 1,
  phase,
  title: 'note what must come back',
  on: ['new host'],
  kind: 'reversible',
  needs: [],
  inputs: ({ settings: { name } }) => ({ name }),
  async check({ world, signal }) {
    const target = await world.freshTarget(signal);
    const { rig } = world;
    const [boot, system, planPhase, status] = await Promise.all([
      bootIdentity(target, { signal }),
      target.run(['readlink', '-e', '/nix/var/nix/profiles/system'], { signal }),
      newResumePoint(world, target, signal),
      rigStatus(await world.targetRig(signal), rigConfigFile(rig.rig), signal),
    ]);
    const wanted = status.loops.filter((loop) => loop.wanted).map(({ name }) => name);
    const evidence = { boot, system: system.stdout.trim(), planPhase: planPhase ?? null, wanted };
    const missing = notRunning(status);
    return missing.length === 0
      ? { state: 'satisfied', evidence }
      : {
          state: 'conflict',
          evidence,
          reason: `before the reboot already, ${missing.join(', ')} does not run`,
        };
  },
  holdsUntil: 'reboot',
  timeout: 60 * second,
});

const reboot = step({
  id: 'reboot',
  version: 1,
  phase,
  title: 'reboot the new host',
  on: ['new host'],
  kind: 'compensable',
  leaves: 'a host that has booted once more',
  inputs: ({ settings: { name } }) => ({ name }),
  async check({ world, signal, evidence }) {
    const { boot: before } = evidence(lookBefore);
    const now = await bootIdentity(await world.freshTarget(signal), { signal });
    return { state: now === before ? 'absent' : 'satisfied', evidence: { before, now } };
  },
  async apply({ world, signal, evidence, progress }) {
    const { boot, system } = evidence(lookBefore);
    const { name } = world.settings;
    await rebootProof(
      { name, connect: (own) => reachNewHost(world, own ?? signal) },
      {
        bootBefore: boot,
        system,
        // The answer may be lost with the connection: what counts is that another boot answers.
        reboot: async (host) => {
          await host.run(['systemctl', '--no-block', 'reboot'], { reject: false, signal });
        },
        timeout: 540 * second,
        onEvent: ({ type }) => {
          if (type === 'rebooting') progress('waiting for it to answer again');
        },
        signal,
      },
    );
  },
  timeout: 600 * second,
});

/** No person and no step starts anything: what is not back by itself within the time has not come through. */
const proveBack = step({
  id: 'after-reboot',
  version: 1,
  phase,
  title: 'prove that everything came back by itself',
  on: ['new host'],
  kind: 'reversible',
  inputs: ({ rig, secrets }) => ({ rig: rig.rig, secrets: secrets.secrets.length }),
  async check({ world, signal, evidence }) {
    const before = evidence(lookBefore);
    const target = await world.freshTarget(signal);
    const { settings, rig, secrets } = world;
    const status = await waitForLoops(asUser(target, settings.new.user), rigConfigFile(rig.rig), signal);
    const units = [tmuxService(rig.rig), bootService(rig.rig), 'cutover-secrets.service'];
    const [states, booted, planPhase, secretsThere] = await Promise.all([
      Promise.all(units.map((unit) => unitState(target, unit, signal))),
      target.run(['readlink', '-e', '/run/booted-system'], { signal }),
      newResumePoint(world, target, signal),
      presentSecrets(world, secrets.secrets.map(runtimePath), signal),
    ]);
    const mode = tailnetMode(settings);
    const tailnet =
      mode === 'none' ? undefined : await newHostStanding(world, target, { patience: 30 * second, signal });
    const running = status.loops.filter(({ state }) => state === 'running').map(({ name }) => name);
    const found = {
      booted: booted.stdout.trim(),
      units: states.filter(({ active }) => active).map(({ unit }) => unit),
      running,
      planPhase: planPhase ?? null,
      secrets: secretsThere,
      tailnet: tailnet?.node.state ?? mode,
    };
    const problems = [
      ...(found.booted === before.system ? [] : [`it booted ${found.booted}, not the deployed system`]),
      ...states.filter(({ active }) => !active).map(({ unit }) => `${unit} is not active`),
      ...before.wanted.filter((name) => !running.includes(name)).map((name) => `${name} does not run`),
      ...(settings.old.resumePoint === undefined ||
      (planPhase !== undefined && planPhase >= (before.planPhase ?? 0))
        ? []
        : [`the plan phase went back to ${planPhase}`]),
      ...(secretsThere === secrets.secrets.length ? [] : ['a secret is missing']),
      ...(tailnet?.problem === undefined ? [] : [tailnet.problem.message]),
    ];
    return problems.length === 0
      ? { state: 'satisfied', evidence: found }
      : { state: 'conflict', evidence: found, reason: problems.join('; ') };
  },
  timeout: 180 * second,
});

async function presentSecrets(world: World, paths: readonly string[], signal: AbortSignal): Promise<number> {
  const target = await world.freshTarget(signal);
  const script = 'for path; do [ -s "$path" ] && echo there; done; true';
  const { stdout } = await target.run(['sh', '-c', script, 'sh', ...paths], { signal });
  return stdout.split('\n').filter((line) => line === 'there').length;
}

/** The reboot proof: the whole point of the move. */
export const rebootProofSteps: readonly Step<World>[] = [lookBefore, reboot, proveBack];
