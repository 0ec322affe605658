import { setMaxListeners } from 'node:events';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { loadConfig } from '@cutover/cutover-scripts';
import type { EngineEvent } from '@cutover/runbook';
import { incusHost } from '@cutover/incus-client';
import { builtGitea, noGitea } from '../gitea/built.ts';
import { type LabHosts, startHosts } from '../hosts/hosts.ts';
import { type Lab, openLab } from '../lab.ts';
import { scriptedOperator } from '../operator/operator.ts';
import { type LabTailnet, startLabTailnet } from '../tailnet/lab-tailnet.ts';
import { noTailnet, tailnetPrograms } from '../tailnet/programs.ts';
import { startSampler } from '../sampler/sampler.ts';
import { EvidenceCollector, type Evidence } from './evidence/collector.ts';
import { demand, type Scene } from './evidence/evidence.ts';
import { afterCutover, afterReboot, beforeApproval } from './evidence/promises.ts';
import { afterRollback, afterUndo } from './evidence/way-back.ts';
import {
  afterCutoverInTailnet,
  afterRebootInTailnet,
  afterUndoInTailnet,
  beforeInTailnet,
} from './evidence/tailnet.ts';
import { instanceIdentity } from './evidence/instance.ts';
import { seeRealAgents } from './evidence/real-agents.ts';
import { collectGarbage } from './evidence/new-host.ts';
import { giteaAfterCutover } from './evidence/gitea.ts';
import { giteaOfRehearsal } from './gitea.ts';
import type { Narrator } from './narrator.ts';
import { forgeByHand } from './by-hand.ts';
import { answerGates, type GateAnswers } from './gates.ts';
import { operatorAccess } from './operator-access.ts';
import {
  logRealAgentIn,
  type RehearsedAgent,
  startRealAgents,
  takeOverOldRig,
  withoutRealAgents,
} from './real-agents.ts';
import { cutAt, type CutsOfRun, type PlannedCut } from '../network/cut-at.ts';
import { type RunnerEnd, runCutover } from './runner.ts';
import { newHostName, rigName, writeRehearsalFiles } from './settings.ts';

export type ForgeKind = 'ssh' | 'gitea' | 'git';

export interface RehearseOptions {
  /** The lab's name. Default: the one lab of the checkout. */
  readonly lab?: string;
  /** Throw the lab away first. */
  readonly fresh: boolean;
  /** Default: the lab's own small program. */
  readonly agent?: RehearsedAgent;
  /** Leave the hosts running. */
  readonly keep: boolean;
  /** Kill the runner, as hard as can be, when it begins each of these steps, and resume. */
  readonly killAt: readonly string[];
  /** Kill the runner when it begins this step, before the commit point; undo everything, look, and begin again. */
  readonly undoAt?: string;
  /**
   * What the rig's repositories are on: git over ssh with commands (the default), a real Gitea, where one is built, or git alone,
   * where a person makes the repositories and gives and takes the keys.
   */
  readonly forge?: ForgeKind | undefined;
  /** Go back to the old host at the end, by the reverse cutover, and look whether that is true as well. */
  readonly rollback?: boolean;
  /** With a real tailnet between the hosts; its programs have to be built. */
  readonly full?: boolean;
  /** Cuts of the network, each once; a run that one of them ended is resumed when it is over. */
  readonly cuts?: readonly PlannedCut[];
  readonly narrator: Narrator;
  readonly onEvidence: (evidence: Evidence) => void;
  readonly signal: AbortSignal;
}

export interface RehearsalResult {
  readonly passed: boolean;
  readonly phases: number;
  readonly steps: number;
  readonly seconds: number;
  readonly downtimeSeconds: number;
  /** The report's HTML page. */
  readonly report: string;
  readonly evidence: readonly Evidence[];
}

/** Runs the whole cutover on the lab, then a reboot of the new host, and looks for itself whether it is all true. */
export async function rehearse(options: RehearseOptions): Promise<RehearsalResult> {
  const { narrator, signal, onEvidence } = options;
  // The evidence is looked at side by side, and each look listens.
  setMaxListeners(0, signal);
  await using lab = await narrator.timed('opening the lab', () =>
    openLab({
      ...(options.lab === undefined ? {} : { name: options.lab }),
      fresh: options.fresh,
      signal,
      onProgress: narrator.say,
    }),
  );
  if (options.keep) await lab.keep();
  await withoutRealAgents(lab);
  const folder = join(lab.folders.root, 'rehearsal');
  await rm(folder, { recursive: true, force: true });
  await using agents =
    options.agent === 'claude'
      ? await narrator.timed('giving the hosts Claude Code and a stand-in of its API', () =>
          startRealAgents(lab, join(folder, 'api')),
        )
      : undefined;
  await using hosts = await narrator.timed(
    'starting the forge, the server and the old host with its rig',
    () => startHosts(lab, { signal, onProgress: narrator.say }),
  );
  if (agents !== undefined)
    await narrator.timed(`putting Claude Code ${agents.version} in charge of the old rig`, () =>
      takeOverOldRig(hosts.pi.host, agents),
    );
  await using tailnet =
    options.full === true
      ? await narrator.timed('starting the tailnet', () => openTailnet(lab, hosts))
      : undefined;
  const kind = await forgeOf(options);
  await using gitea =
    kind === 'gitea'
      ? await narrator.timed('moving the rig to a real Gitea', () => giteaOfRehearsal(lab, hosts, folder))
      : undefined;
  const byHand = kind === 'git' ? await forgeByHand(lab, hosts) : undefined;
  const files = await writeRehearsalFiles(folder, lab, hosts, { forge: gitea ?? byHand, tailnet, agents });
  const settings = await loadConfig(files.config);
  const scope = lab.client.project(lab.project);
  const scene: Scene = {
    settings,
    old: hosts.pi.host,
    target: incusHost(scope, newHostName),
    forge: gitea?.host ?? hosts.forge.host,
    repositories: gitea?.repositories ?? '/srv/git',
    signal,
  };

  const evidence = new EvidenceCollector(onEvidence);
  const began = new Date();
  using sampler = startSampler({ folders: lab.folders, old: 'pi', new: `${lab.project}_${newHostName}` });
  if (tailnet !== undefined) await beforeInTailnet(scene, evidence, tailnet);
  const steps = new Set<string>();
  const phases = new Set<string>();
  const onEvent = (event: EngineEvent): void => {
    narrator.event(event);
    if (event.type === 'plan') for (const step of event.steps) phases.add(step.phase);
    if (event.type === 'verified') steps.add(event.step);
  };
  const operator = {
    ...files,
    operator: async () => scriptedOperator(await operatorAccess(scene.target, lab, signal)),
    rig: rigName,
    rigUser: settings.new.user,
    real:
      agents === undefined
        ? undefined
        : { logIn: () => logRealAgentIn(scene), heard: (line: string) => agents.heard(line) },
    atForge: byHand?.person,
    beforeApproval: () => beforeApproval(scene, evidence, began),
    signal,
  };

  const cuts = cutAt(lab, hosts, options.cuts ?? [], tailnet);
  const kills = [...options.killAt, ...(options.undoAt === undefined ? [] : [options.undoAt])];
  let argv = ['run', '--yes'];
  let cutBefore = 0;
  for (;;) {
    const killStep = kills.shift();
    const gates = answerGates(operator);
    const end = await runCutover({
      ...files,
      argv,
      signal,
      onEvent: (event) => {
        onEvent(event);
        gates.event(event);
        cuts.event(event);
      },
      ...(killStep === undefined
        ? {}
        : { killAt: (event: EngineEvent) => event.type === 'intent' && event.step === killStep }),
    });
    await gates.settled();
    const wereCut = await cuts.settled();
    if (end.killed && killStep === options.undoAt) {
      narrator.say(`  ✗ the runner was killed in ${killStep}; undoing everything`);
      await rollBack(options, operator, onEvent, cuts);
      await afterUndo(scene, evidence, scope);
      if (tailnet !== undefined) await afterUndoInTailnet(scene, evidence, tailnet);
      argv = ['run', '--yes'];
      continue;
    }
    if (end.killed) {
      narrator.say(`  ✗ the runner was killed in ${killStep ?? ''}; resuming`);
      argv = ['resume'];
      continue;
    }
    if (end.exitCode !== 0 && wereCut.length > cutBefore) {
      cutBefore = wereCut.length;
      narrator.say(`  ✗ the run ended with ${end.exitCode} when the network was cut; resuming`);
      argv = ['resume'];
      continue;
    }
    demandSuccess('cutover run', end);
    break;
  }

  await afterCutover(scene, evidence, scope, { began, journal: join(files.state, 'journal.jsonl') });
  if (tailnet !== undefined)
    await afterCutoverInTailnet(scene, evidence, tailnet, scope, [folder, tailnet.folder]);
  if (gitea !== undefined) await giteaAfterCutover(scene, evidence, { gitea: gitea.gitea, folder });
  await evidence.look('another state directory is refused, and changes nothing', async () => {
    const before = await instanceIdentity(scene, scope);
    const again = join(folder, 'again');
    for (const argvAgain of [
      ['run', '--yes'],
      ['rollback', '--yes'],
    ]) {
      const end = await runCutover({
        config: files.config,
        state: again,
        argv: argvAgain,
        signal,
        onEvent: () => {},
      });
      demand(end.exitCode === 11, `cutover ${argvAgain[0]} from there is refused`, { stderr: end.stderr });
    }
    demand(before === (await instanceIdentity(scene, scope)), 'the instance is untouched');
    return { instance: newHostName };
  });

  const real = agents === undefined ? undefined : await seeRealAgents(scene, evidence, agents);

  // What the booted system needs and does not hold is deleted here; all that follows must work all the same.
  await evidence.look('all garbage was collected on the new host, and it goes on', () =>
    collectGarbage(scene),
  );
  await narrator.timed('rebooting the new host', async () => {
    const end = await runCutover({ ...files, argv: ['reboot-proof', '--yes'], signal, onEvent });
    demandSuccess('cutover reboot-proof', end);
  });
  await afterReboot(scene, evidence);
  if (tailnet !== undefined) await afterRebootInTailnet(scene, evidence, tailnet);
  await real?.afterReboot(scope);

  if (options.rollback === true) {
    await rollBack(options, operator, onEvent, cuts);
    await afterRollback(scene, evidence, rigName);
  }

  const seen = sampler.finish();
  await evidence.look('never loops on both hosts', async () => {
    const { samples, both, longestGapMs, onOld, onNew, downtimeSeconds } = seen;
    demand(onOld > 0 && onNew > 0, 'the sampler saw the loops on each host', { onOld, onNew });
    demand(both === 0, 'no sample saw loops on both hosts', { both });
    demand(downtimeSeconds !== undefined && downtimeSeconds >= 0, 'the sampler saw the downtime', {
      downtimeSeconds: downtimeSeconds ?? null,
    });
    return { samples, both, longestGapMs, downtimeSeconds };
  });
  const report = join(folder, 'report.html');
  const reportArgv = ['report', '--html', report, '--md', join(folder, 'report.md')];
  demandSuccess(
    'cutover report',
    await runCutover({ ...files, argv: reportArgv, signal, onEvent: () => {} }),
  );
  return {
    passed: evidence.passed,
    phases: phases.size,
    steps: steps.size,
    seconds: round(narrator.elapsed()),
    downtimeSeconds: round(seen.downtimeSeconds ?? Number.NaN),
    report,
    evidence: evidence.found,
  };
}

/** In full it is a Gitea, unless another is asked for, or none is built. */
async function forgeOf({ forge, full, narrator }: RehearseOptions): Promise<ForgeKind> {
  if (forge !== undefined || full !== true) return forge ?? 'ssh';
  if ((await builtGitea()) !== undefined) return 'gitea';
  narrator.say(`  left out: ${noGitea}`);
  return 'ssh';
}

async function openTailnet(lab: Lab, hosts: LabHosts): Promise<LabTailnet> {
  const programs = await tailnetPrograms();
  if (programs === undefined) throw new Error(noTailnet);
  return startLabTailnet(lab, hosts, programs);
}

async function rollBack(
  { narrator, signal }: RehearseOptions,
  operator: GateAnswers,
  onEvent: (event: EngineEvent) => void,
  cuts: CutsOfRun,
): Promise<void> {
  await narrator.timed('going back to the old host', async () => {
    const before = (await cuts.settled()).length;
    const { config, state } = operator;
    const run = async (argv: readonly string[]): Promise<RunnerEnd> => {
      const gates = answerGates(operator);
      const end = await runCutover({
        config,
        state,
        argv,
        signal,
        onEvent: (event) => {
          onEvent(event);
          gates.event(event);
          cuts.event(event);
        },
      });
      await gates.settled();
      return end;
    };
    const end = await run(['rollback', '--yes']);
    const wasCut = (await cuts.settled()).length > before;
    demandSuccess('cutover rollback', wasCut && end.exitCode !== 0 ? await run(['resume']) : end);
  });
}

function demandSuccess(what: string, { exitCode, stderr }: RunnerEnd): void {
  if (exitCode !== 0) throw new Error(`${what} ended with exit code ${exitCode}:\n${stderr.slice(-3000)}`);
}

function round(seconds: number): number {
  return Math.round(seconds * 10) / 10;
}
