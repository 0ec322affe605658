import { processIo, UsageError, withInterrupts, write } from '@cutover/command-line';
import { Command, InvalidArgumentError } from 'commander';

import { parseDuration } from '../config/duration.ts';
import type { FleetMember } from '../fleet/deploy-fleet.ts';
import { collectGarbage } from '../history/collect-garbage.ts';
import { type Generation, generations } from '../history/generations.ts';
import { rebootProof } from '../history/reboot-proof.ts';
import { rollback } from '../history/rollback.ts';
import { openConnection } from '../target/connection.ts';
import { chosenMembers, type SharedOptions, withSharedOptions } from './shared.ts';
import { describePackage } from './packages.ts';
import { createView, describeBytes } from './view.ts';

export function generationsCommand(): Command {
  const command = new Command('generations').description('the generations of each target, and what changed');
  return withSharedOptions(command)
    .option('--no-changes', 'leave out what changed')
    .action(async (names: string[], options: SharedOptions & { changes: boolean }) => {
      const { members } = await chosenMembers(names, options);
      const { changes } = options;
      await withInterrupts(async (signal) => {
        const all = await Promise.all(
          members.map(async ({ target, options: own }) => {
            await using connection = await openConnection(target, signal);
            const list = await generations(connection.host, { ...own, changes, signal });
            return { target: target.name, generations: list };
          }),
        );
        const text = all
          .map(({ target, generations: list }) => `${target}\n${list.map(row).join('')}`)
          .join('\n');
        await write(processIo.stdout, options.json === true ? `${JSON.stringify({ targets: all })}\n` : text);
      });
    });
}

function row({ number, created, system, nixosVersion, changes, ...is }: Generation): string {
  const marks = [is.active ? 'active' : '', is.current ? 'runs' : '', is.booted ? 'booted' : '']
    .filter(Boolean)
    .join(', ');
  const when = created.toISOString().slice(0, 16).replace('T', ' ');
  const lines = [
    `${String(number).padStart(5)}  ${when}  ${(nixosVersion ?? '').padEnd(14)}  ${system}${marks === '' ? '' : `  (${marks})`}`,
    ...(changes?.packages ?? []).map((one) => `       ${describePackage(one)}`),
  ];
  return `${lines.join('\n')}\n`;
}

export function rollbackCommand(): Command {
  const command = new Command('rollback').description(
    'make an earlier generation the active one, confirmed or undone',
  );
  return withSharedOptions(command)
    .option(
      '--to <generation>',
      'its number; the newest other system before the active one without it',
      parseNumber,
    )
    .action(async (names: string[], options: SharedOptions & { to?: number }) => {
      const { target, options: own } = await onlyMember(names, options);
      const view = createView(processIo, { terminal: process.stderr.isTTY, several: false });
      await withInterrupts(async (signal) => {
        const {
          source: _source,
          buildOn: _buildOn,
          evaluateOn: _evaluateOn,
          substitute: _substitute,
          ...rest
        } = own;
        const result = await rollback(target, {
          ...rest,
          ...(options.to === undefined ? {} : { to: options.to }),
          signal,
          onEvent: (event) => {
            if (options.json !== true) view.show(event);
          },
        }).finally(() => view.close());
        await write(
          processIo.stdout,
          options.json === true
            ? `${JSON.stringify(result)}\n`
            : `${target.name}: generation ${result.generation} is active${result.changed ? '' : ', as it was'}\n`,
        );
      });
    });
}

export function rebootProofCommand(): Command {
  const command = new Command('reboot-proof').description(
    'reboot a target and prove that it came back as deployed',
  );
  return withSharedOptions(command)
    .option('--system <path>', 'the system that must boot; what the profile names without it')
    .option('--timeout <duration>', 'until all must be proven', '5m')
    .action(async (names: string[], options: SharedOptions & { system?: string; timeout: string }) => {
      const { target, options: own } = await onlyMember(names, options);
      const timeout = milliseconds(options.timeout);
      await withInterrupts(async (signal) => {
        const proof = await rebootProof(target, {
          ...own,
          ...(options.system === undefined ? {} : { system: options.system }),
          timeout,
          signal,
          onEvent: (event) => {
            if (options.json === true) return;
            if (event.type === 'rebooting') processIo.stderr.write('rebooting\n');
            if (event.type === 'back') processIo.stderr.write(`back after ${event.seconds.toFixed(1)} s\n`);
            if (event.type === 'health') processIo.stderr.write(`  ${event.ok ? '✓' : '✗'} ${event.check}\n`);
          },
        });
        await write(
          processIo.stdout,
          options.json === true
            ? `${JSON.stringify(proof)}\n`
            : `${target.name}: another boot, running ${proof.system}, proven in ${proof.seconds.toFixed(1)} s\n`,
        );
      });
    });
}

export function gcCommand(): Command {
  const command = new Command('gc').description('delete old generations and collect what only they needed');
  return withSharedOptions(command)
    .option('--keep <n>', 'newest generations that stay', parseNumber, 5)
    .option('--keep-younger <duration>', 'generations younger than this stay', '7d')
    .option('--dry-run', 'say what would be deleted')
    .action(
      async (
        names: string[],
        options: SharedOptions & { keep: number; keepYounger: string; dryRun?: boolean },
      ) => {
        const { members } = await chosenMembers(names, options);
        const keepYounger = milliseconds(options.keepYounger);
        await withInterrupts(async (signal) => {
          const all = await Promise.all(
            members.map(async ({ target, options: own }) => {
              await using connection = await openConnection(target, signal);
              const collected = await collectGarbage(connection.host, {
                ...own,
                keep: options.keep,
                keepYounger,
                dryRun: options.dryRun ?? false,
                signal,
              });
              return { target: target.name, ...collected };
            }),
          );
          const text = all.map(
            ({ target, deleted, kept, freed }) =>
              `${target}: ${options.dryRun === true ? 'would delete' : 'deleted'} ${deleted.join(', ') || 'nothing'}; ${kept.join(', ') || 'nothing'} stays${freed === undefined ? '' : `; ${describeBytes(freed)} freed`}\n`,
          );
          await write(
            processIo.stdout,
            options.json === true ? `${JSON.stringify({ targets: all })}\n` : text.join(''),
          );
        });
      },
    );
}

async function onlyMember(names: readonly string[], options: SharedOptions): Promise<FleetMember> {
  const { members } = await chosenMembers(names, options);
  const [only, second] = members;
  if (only === undefined || second !== undefined) throw new UsageError('name one target');
  return only;
}

function parseNumber(value: string): number {
  if (!/^\d+$/.test(value)) throw new InvalidArgumentError('a number');
  return Number(value);
}

function milliseconds(text: string): number {
  const value = parseDuration(text);
  if (value === undefined) throw new UsageError(`${text} is no duration; write 500ms, 60s, 5m, 1h or 7d`);
  return value;
}
