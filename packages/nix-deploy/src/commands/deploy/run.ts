import { describeError } from '@cutover/foundation/describe-error';
import { formatDuration } from '@cutover/foundation/duration';
import { withInterrupts } from '@cutover/foundation/interrupts';
import { processIo, write } from '@cutover/foundation/io';

import { deployFleet, FleetError, type FleetOutcome } from '../../fleet/deploy-fleet.ts';
import type { Action } from '../../options.ts';
import { chosenMembers } from '../shared/chosen-members.ts';
import type { DeployFlags } from './command.ts';
import { printable } from '../shared/printable.ts';
import { createView } from '../shared/view.ts';

/** `nix-deploy deploy`. */
export async function runDeploy(names: readonly string[], options: DeployFlags): Promise<void> {
  const { members, config } = await chosenMembers(names, options);
  const { fleet = {} } = config;
  const chosen = new Set(members.map(({ target }) => target.name));
  const { action, specialisation, force, mayStop, json } = options;
  const view = createView(processIo, { terminal: process.stderr.isTTY, several: members.length > 1 });
  const print = async (value: object): Promise<void> =>
    await write(processIo.stdout, `${JSON.stringify(value)}\n`);
  await withInterrupts(async (signal) => {
    try {
      const outcomes = await deployFleet(
        members.map((one) => ({
          ...one,
          options: {
            ...one.options,
            action,
            specialisation: specialisation ?? one.options.specialisation,
            force,
            installBootLoader: options.installBootloader,
            overrideInhibitors: options.overrideInhibitor,
            mayStop: mayStop ?? one.options.mayStop,
          },
        })),
        {
          parallel: options.parallel ?? fleet.parallel,
          evaluateAtOnce: options.evaluateAtOnce ?? fleet.evaluateAtOnce,
          // Those of the file go first where they are among the targets.
          canaries: options.canary ?? fleet.canaries?.filter((name) => chosen.has(name)),
          onFailure: options.continue === true ? 'continue' : fleet.onFailure,
          revoke: options.revoke ?? fleet.revoke,
          skipUnreachable: options.skipUnreachable,
          signal,
          onEvent: (event) => {
            if (json === true) process.stdout.write(`${JSON.stringify(event)}\n`);
            else view.show(event);
          },
        },
      );
      view.close();
      for (const outcome of outcomes) await report(outcome, json === true, print);
    } catch (error) {
      view.close();
      if (!(error instanceof FleetError)) throw error;
      const [only] = error.outcomes;
      const alone =
        error.outcomes.length === 1 && (only?.status === 'failed' || only?.status === 'unreachable');
      // Alone in text, its error says it all, once.
      if (!alone || json === true)
        for (const outcome of error.outcomes) await report(outcome, json === true, print);
      // One target alone fails as itself, with the exit code of its own step.
      if (alone) throw only.error;
      throw error;
    }
  });
}

async function report(
  outcome: FleetOutcome,
  json: boolean,
  print: (value: object) => Promise<void>,
): Promise<void> {
  if (json) {
    const error = 'error' in outcome ? { error: describeError(outcome.error) } : {};
    await print({ type: 'result', ...outcome, ...error });
    return;
  }
  await write(processIo.stdout, printable(`${sentence(outcome)}\n`));
}

/** What it means that nothing was changed, where that is not that the system ran already. */
const unchanged: Readonly<Partial<Record<Action, string>>> = {
  'dry-activate': 'nothing was changed',
  check: 'the pre-switch checks pass; nothing was changed',
};

function sentence(outcome: FleetOutcome): string {
  switch (outcome.status) {
    case 'deployed': {
      const { result } = outcome;
      const generation = result.generation === undefined ? '' : `, generation ${result.generation}`;
      const reboot = result.rebootNeeded ? '; a reboot is needed to run its kernel' : '';
      return `${outcome.target}: deployed ${result.system}${generation} in ${formatDuration(result.duration)}${reboot}`;
    }
    case 'unchanged':
      return `${outcome.target}: ${unchanged[outcome.result.action] ?? 'already runs this system'}`;
    case 'skipped':
      return `${outcome.target}: skipped, because another target failed`;
    case 'unreachable':
      return `${outcome.target}: skipped, because it cannot be reached: ${describeError(outcome.error).message}`;
    case 'revoked':
      return `${outcome.target}: rolled back to generation ${outcome.result.previousGeneration}`;
    case 'revoke-failed':
      return `${outcome.target}: could not be rolled back: ${describeError(outcome.error).message}`;
    default:
      return `${outcome.target}: FAILED: ${describeError(outcome.error).message}`;
  }
}
