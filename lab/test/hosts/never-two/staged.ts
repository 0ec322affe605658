import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { incusHost } from '@cutover/incus-client';
import type { EngineEvent } from '@cutover/runbook';
import { expect } from 'vitest';
import {
  type Lab,
  type LabHosts,
  openLab,
  type SamplerReport,
  scriptedOperator,
  startHosts,
  startSampler,
} from '../../../src/index.ts';
import { cutNetwork, type Place } from '../../../src/network/cut.ts';
import { answerGates } from '../../../src/rehearse/gates.ts';
import { operatorAccess } from '../../../src/rehearse/operator-access.ts';
import {
  runCutover,
  type RunnerEnd,
  type RunnerFiles,
  type RunnerOptions,
} from '../../../src/rehearse/runner.ts';
import { newHostName, writeRehearsalFiles, rigName } from '../../../src/rehearse/settings.ts';

export type End = RunnerEnd & { readonly events: readonly EngineEvent[] };

/** A cutover whose phases A to C are done, with a sampler over both hosts. */
export interface Staged extends AsyncDisposable {
  readonly lab: Lab;
  readonly hosts: LabHosts;
  readonly files: RunnerFiles;
  /** Runs `cutover` with these words; gates are approved. `state`: another state directory. */
  cutover(
    argv: readonly string[],
    options?: Partial<Pick<RunnerOptions, 'killAt' | 'killAfter' | 'onEvent' | 'state'>>,
  ): Promise<End>;
  cut(between: readonly [Place, Place]): Promise<AsyncDisposable>;
  /** Waits until all loops run on one host, and says which. */
  settled(): Promise<'old' | 'new'>;
  /** What the sampler saw so far; that it ever saw two is a failure. */
  seen(): SamplerReport;
}

/** @param stage `false`: nothing is done yet. */
export async function stageCutover({ stage = true }: { readonly stage?: boolean } = {}): Promise<Staged> {
  const lab = await openLab();
  const hosts = await startHosts(lab);
  const folder = await mkdtemp(join(tmpdir(), 'never-two-'));
  const files = await writeRehearsalFiles(folder, lab, hosts);
  const sampler = startSampler({ folders: lab.folders, old: 'pi', new: `${lab.project}_${newHostName}` });
  const signal = AbortSignal.timeout(24 * 3600 * 1000);
  const target = incusHost(lab.client.project(lab.project), newHostName);

  /** For a person who looks at a failure. */
  const whatRuns = async (): Promise<string> => {
    const look = [
      'sh',
      '-c',
      'ps -eo pid,etimes,args | grep -e agent -e loops -e tmux; cat /srv/cc-ci/.cc-ci-logs/*.log | tail -n 30',
    ];
    const answers = await Promise.allSettled(
      [hosts.pi.host, target].map((host) => host.run(look, { reject: false })),
    );
    const texts = answers.map((one) => (one.status === 'fulfilled' ? one.value.stdout : String(one.reason)));
    return [JSON.stringify(sampler.report().sightings.slice(-5)), ...texts].join('\n');
  };
  const staged: Staged = {
    lab,
    hosts,
    files,
    async cutover(argv, { onEvent, state = files.state, ...options } = {}) {
      const events: EngineEvent[] = [];
      const gates = answerGates({
        config: files.config,
        state,
        operator: async () => scriptedOperator(await operatorAccess(target, lab, signal)),
        rig: rigName,
        rigUser: 'loops',
        beforeApproval: async () => {},
        signal,
      });
      const end = await runCutover({
        config: files.config,
        state,
        argv,
        signal,
        ...options,
        onEvent(event) {
          events.push(event);
          gates.event(event);
          onEvent?.(event);
        },
      });
      // A runner that was killed takes no answer.
      await gates.settled().catch((error: unknown) => {
        if (!end.killed) throw error;
      });
      return { ...end, events };
    },
    cut: (between) => cutNetwork(lab, hosts, between),
    async settled() {
      const whole = ['adversary', 'builder', 'watchdog'].join();
      const where = (): 'old' | 'new' | undefined => {
        const now = staged.seen().sightings.at(-1);
        if (now?.old.join() === whole) return 'old';
        return now?.new.join() === whole ? 'new' : undefined;
      };
      const end = performance.now() + 120_000;
      for (;;) {
        const found = where();
        if (found !== undefined) return found;
        if (performance.now() > end) throw new Error(`no host has all loops: ${await whatRuns()}`);
        await delay(100);
      }
    },
    seen() {
      const report = sampler.report();
      expect(report.both).toBe(0);
      return report;
    },
    async [Symbol.asyncDispose]() {
      sampler[Symbol.dispose]();
      await hosts[Symbol.asyncDispose]();
      await lab[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
  if (stage) expectOk(await staged.cutover(['run', '--yes', '--until', 'c-stage']));
  return staged;
}

/** Says why where it did not end well. */
export function expectOk(end: End): void {
  expectEnd(end, 0);
}

/** Says why where it did not end with this exit code. */
export function expectEnd(end: End, exitCode: number, where = 'cutover'): void {
  if (end.exitCode !== exitCode)
    throw new Error(`${where} ended with exit code ${end.exitCode}, not ${exitCode}:\n${tellingOf(end)}`);
}

export function tellingOf({ stderr, events }: End): string {
  const telling = events.filter(({ type }) => ['failed', 'stopped', 'drift', 'run.ended'].includes(type));
  return `${stderr.slice(-2000)}\n${telling
    .map((event) => JSON.stringify(event))
    .join('\n')
    .slice(-4000)}`;
}

/** What brings a run that stopped to its end, once the trouble is over: `resume`, as often as it is needed. */
export async function goOn(staged: Staged, end: End): Promise<void> {
  let last = end;
  for (let tries = 0; last.exitCode !== 0 && tries < 4; tries += 1) last = await staged.cutover(['resume']);
  expectOk(last);
}
