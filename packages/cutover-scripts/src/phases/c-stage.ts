import type { Step } from '@cutover/runbook';
import { forgeName } from '../forge/settings.ts';
import { bootstrapForgeKey, shutToNewHost } from '../new-host/forge-key.ts';
import { forgetRevokedNewKeys } from '../new-host/revoked-keys.ts';
import { newResumePoint, oldResumePoint, writeResumePoint } from '../carry/resume-point.ts';
import { compareReferences, syncReferences } from '../carry/references.ts';
import { homeOf, newPath, rigConfigFile } from '../rig/rig.ts';
import { missingLoopFiles } from '../new-host/loop-files.ts';
import { inspectSwap } from '../new-host/swap.ts';
import { cloneAfresh, inspectWorkingClone, pullForward, wantedClones } from '../carry/working-clones.ts';
import { keysAtForge } from '../old-rig/host-keys.ts';
import { step } from '../world/step.ts';
import type { World } from '../world/world.ts';
import { deployConfiguration } from './b-configure.ts';

const phase = 'c-stage';
const second = 1000;
/** With this `loops first-run --check` ends when something is missing. */
const agentsNotSetUp = 18;

/** A key of its own, made there, which never leaves. */
const authorizeTarget = step({
  id: 'authorize-target',
  version: 1,
  phase,
  title: 'let the new host into the forge by a key of its own',
  on: ['new host', 'forge'],
  kind: 'reversible',
  inputs: ({ settings: { name, forge } }) => ({ name, forge: forgeName(forge) }),
  async check({ world, signal }) {
    const shut = await shutToNewHost(world, signal);
    const { settings, forge } = world;
    const answers = shut.length === 0;
    const evidence = { forge: forgeName(settings.forge), answers, shut: shut.map(({ url }) => url) };
    if (answers) return { state: 'satisfied', evidence };
    const letIn = await keysAtForge(world, await world.target(signal), homeOf(settings.new.user), signal);
    const everywhere =
      letIn.length > 0 &&
      (forge.keyedRepositories ?? []).every((one) =>
        letIn.some(({ repositories }) => repositories?.includes(one)),
      );
    if (everywhere) {
      const reason = `the forge has the key of ${settings.name}, and does not answer from there (${shut[0]?.said ?? ''}); look at its network`;
      return { state: 'unknown', evidence, reason };
    }
    return { state: 'absent', evidence };
  },
  async apply({ world, signal }) {
    const publicKey = await bootstrapForgeKey(world, signal);
    await forgetRevokedNewKeys(world);
    await world.forge.fence.grant(world.settings.name, publicKey, signal);
  },
  async undo({ world, signal }) {
    const { fence } = world.forge;
    const keys = await fence.list(signal);
    for (const { name, fingerprint } of keys)
      if (name === world.settings.name) await fence.revoke(fingerprint, signal);
  },
  timeout: 60 * second,
});

/** From the forge, never from the old host: what was not pushed does not move. */
const cloneRepositories = step({
  id: 'clone-repositories',
  version: 1,
  phase,
  title: 'clone the working repositories afresh',
  on: ['new host'],
  kind: 'compensable',
  inputs: ({ settings }) => ({ repositories: settings.repositories }),
  async check({ world, signal }) {
    const user = await world.targetRig(signal);
    const clones = await Promise.all(
      wantedClones(world).map((wanted) => inspectWorkingClone(user, wanted, signal)),
    );
    const evidence = {
      clones: Object.fromEntries(clones.map(({ path, state, head }) => [path, head ?? state])),
    };
    const foreign = clones.filter(({ state }) => state === 'foreign').map(({ path }) => path);
    if (foreign.length > 0) {
      return {
        state: 'conflict',
        evidence,
        reason: `${foreign.join(', ')} on the new host is no clone of the forge's; move it away`,
      };
    }
    const there = clones.filter(({ state }) => state !== 'absent');
    return { state: there.length === clones.length ? 'satisfied' : 'absent', evidence };
  },
  async apply({ world, signal, progress }) {
    const user = await world.targetRig(signal);
    for (const wanted of wantedClones(world)) {
      const { state } = await inspectWorkingClone(user, wanted, signal);
      progress(wanted.path);
      if (state === 'absent') await cloneAfresh(user, wanted, signal);
      if (state === 'behind') await pullForward(user, wanted, signal);
    }
  },
  holdsUntil: 'start-new',
  leaves: 'the clones on the new host, which go with the instance',
  timeout: 900 * second,
});

const carryReferences = step({
  id: 'carry-references',
  version: 1,
  phase,
  title: 'carry the references over',
  on: ['old host', 'new host'],
  kind: 'compensable',
  needs: [deployConfiguration],
  inputs: ({ settings: { old } }) => ({ references: old.references }),
  async check({ world, signal }) {
    const { files, differing } = await compareReferences(world, signal);
    return { state: differing === 0 ? 'satisfied' : 'partial', evidence: { files, differing } };
  },
  async apply({ world, signal }) {
    await syncReferences(world, signal);
  },
  holdsUntil: 'last-sync',
  leaves: 'the references on the new host, which go with the instance',
  timeout: 1800 * second,
});

const copyResumePoint = step({
  id: 'copy-resume-point',
  version: 1,
  phase,
  title: 'copy the resume point',
  on: ['old host', 'new host'],
  kind: 'compensable',
  needs: [cloneRepositories],
  inputs: ({ settings: { old } }) => ({ resumePoint: old.resumePoint }),
  async check({ world, signal }) {
    const { name, resumePoint } = world.settings.old;
    if (resumePoint === undefined)
      return { state: 'satisfied', evidence: { resumePoint: 'none configured' } };
    const [there, here] = await Promise.all([
      oldResumePoint(world, signal),
      newResumePoint(world, await world.target(signal), signal),
    ]);
    const evidence = { old: there ?? null, new: here ?? null };
    if (there === undefined) {
      return { state: 'conflict', evidence, reason: `${name} has no ${resumePoint}` };
    }
    // The old rig works on, so its resume point may move ahead; the last sync carries it again.
    return { state: here !== undefined && here <= there ? 'satisfied' : 'absent', evidence };
  },
  async apply({ world, signal }) {
    const { settings } = world;
    const { name, resumePoint } = settings.old;
    if (resumePoint === undefined) return;
    const index = await oldResumePoint(world, signal);
    if (index === undefined) throw new Error(`${name} lost its resume point`);
    const target = await world.target(signal);
    await writeResumePoint(target, newPath(settings, resumePoint), index, settings.new.user, signal);
  },
  holdsUntil: 'last-sync',
  leaves: 'the resume point on the new host, which goes with the instance',
  timeout: 60 * second,
});

/** Tried before the old rig is stopped: a prompt or a program that is missing would be a crash loop after it. */
const checkLoopFiles = step({
  id: 'check-loop-files',
  version: 1,
  phase,
  title: 'find what each loop needs',
  on: ['new host'],
  kind: 'reversible',
  needs: [cloneRepositories],
  inputs: ({ rig }) => ({ loops: rig.loops.map(({ name }) => name) }),
  async check({ world, signal }) {
    const missing = await missingLoopFiles(await world.targetRig(signal), world.rig, signal);
    const evidence = { loops: world.rig.loops.length, missing };
    return missing.length === 0
      ? { state: 'satisfied', evidence }
      : {
          state: 'conflict',
          evidence,
          reason: `${world.settings.name} lacks ${missing.join('; ')}; correct loops.yaml, or what should have brought it`,
        };
  },
  timeout: 60 * second,
});

/** Three agents in 2 GB want one. NixOS makes it; here it is looked at. */
const checkSwap = step({
  id: 'check-swap',
  version: 1,
  phase,
  title: 'see to the swap file',
  on: ['new host'],
  kind: 'reversible',
  needs: [deployConfiguration],
  inputs: ({ settings }) => ({ swap: settings.new.swap }),
  async check({ world, signal }) {
    const swap = await inspectSwap(await world.target(signal), signal);
    const usable = swap.active || swap.container;
    return usable
      ? { state: 'satisfied', evidence: { ...swap } }
      : {
          state: 'conflict',
          evidence: { ...swap },
          reason: `${swap.file} is not in use on the new host; see swapon --show`,
        };
  },
  timeout: 30 * second,
});

/** What the agents would ask at their first start is answered, so that the login is all that is left for a person. */
const answerFirstStart = step({
  id: 'answer-first-start',
  version: 1,
  phase,
  title: 'answer what the agents ask at their first start',
  on: ['new host'],
  kind: 'compensable',
  needs: [cloneRepositories, checkLoopFiles],
  inputs: ({ rig }) => ({ agents: rig.loops.map(({ name, agent }) => `${name}: ${agent}`) }),
  async check({ world, signal }) {
    const user = await world.targetRig(signal);
    const config = rigConfigFile(world.rig.rig);
    const argv = ['loops', 'first-run', '--check', '--config', config];
    const { exitCode, stdout, stderr } = await user.run(argv, { reject: false, signal });
    const evidence = { missing: exitCode === 0 ? [] : stdout.split('\n').filter((line) => line !== '') };
    if (exitCode === 0 || exitCode === agentsNotSetUp) {
      return { state: exitCode === 0 ? 'satisfied' : 'absent', evidence };
    }
    return { state: 'unknown', evidence, reason: `loops first-run ended with ${exitCode}: ${stderr.trim()}` };
  },
  async apply({ world, signal }) {
    const user = await world.targetRig(signal);
    await user.run(['loops', 'first-run', '--config', rigConfigFile(world.rig.rig)], { signal });
  },
  holdsUntil: 'last-sync',
  leaves: 'the answers in the agents’ own files on the new host, which go with the instance',
  timeout: 60 * second,
});

/** The login itself is the operator's; a tiny live call as the service's user decides whether it is there. */
const logAgentIn = step({
  id: 'log-agent-in',
  version: 1,
  phase,
  title: 'log the agent in',
  on: ['new host'],
  kind: 'reversible',
  needs: [cloneRepositories, carryReferences, copyResumePoint, checkLoopFiles, checkSwap, answerFirstStart],
  inputs: ({ settings: { agent } }) => ({ whoami: agent?.whoami }),
  gate: {
    kind: 'human',
    instructions: ({ settings: { name, agent, new: target } }) =>
      agent === undefined
        ? `No login is configured for ${name}`
        : `Log the agent in on ${name}, as ${target.user}:\n  ${agent.loginHint}\nThe login is seen by: ${agent.whoami.join(' ')}`,
    timeout: 24 * 3600 * second,
    // Each look may be a whole agent for a moment.
    poll: 2 * second,
  },
  async check({ world, signal }) {
    const { agent, new: target } = world.settings;
    if (agent === undefined) return { state: 'satisfied', evidence: { login: 'none configured' } };
    const user = await world.targetRig(signal);
    const probe = await user.run(agent.whoami, { cwd: target.workspace, reject: false, signal });
    const evidence = { probe: agent.whoami.join(' '), exitCode: probe.exitCode ?? null };
    return { state: probe.exitCode === 0 ? 'satisfied' : 'absent', evidence };
  },
  timeout: 60 * second,
});

/** Phase C: everything that the loops need is on the new host, and nothing of it runs. */
export const stageSteps: readonly Step<World>[] = [
  authorizeTarget,
  cloneRepositories,
  carryReferences,
  copyResumePoint,
  checkLoopFiles,
  checkSwap,
  answerFirstStart,
  logAgentIn,
];
