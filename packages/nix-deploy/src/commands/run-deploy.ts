import { describeError } from '@cutover/foundation/describe-error';
import { withInterrupts } from '@cutover/foundation/interrupts';
import { processIo, write } from '@cutover/foundation/io';
import { UsageError } from '@cutover/foundation/usage-error';

import type { DeployConfig } from '../config/schema.ts';
import { deployFleet, FleetError, type FleetOptions, type FleetOutcome } from '../fleet/deploy-fleet.ts';
import { chosenMembers } from './chosen-members.ts';
import type { DeployFlags } from './options.ts';
import { createView } from './view.ts';

/** `nix-deploy deploy`. */
export async function runDeploy(names: readonly string[], options: DeployFlags): Promise<void> {
  const { members, config } = await chosenMembers(names, options);
  if (members.length === 0) throw new UsageError('there is no target; list some in the config file');
  const { action, specialisation, force, json } = options;
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
            ...(specialisation === undefined ? {} : { specialisation }),
            ...(force === undefined ? {} : { force }),
          },
        })),
        {
          ...fleetOptions(config.fleet),
          ...(options.parallel === undefined ? {} : { parallel: options.parallel }),
          ...(options.canary === undefined ? {} : { canaries: options.canary }),
          ...(options.continue === true ? { onFailure: 'continue' } : {}),
          ...(options.revoke === undefined ? {} : { revoke: options.revoke }),
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
      const alone = error.outcomes.length === 1 && only?.status === 'failed';
      // Alone in text, its error says it all, once.
      if (!alone || json === true)
        for (const outcome of error.outcomes) await report(outcome, json === true, print);
      // One target alone fails as itself, with the exit code of its own step.
      if (alone) throw only.error;
      throw error;
    }
  });
}

function fleetOptions(fleet: DeployConfig['fleet'] = {}): FleetOptions {
  const { parallel, canaries, onFailure, revoke } = fleet;
  return {
    ...(parallel === undefined ? {} : { parallel }),
    ...(canaries === undefined ? {} : { canaries }),
    ...(onFailure === undefined ? {} : { onFailure }),
    ...(revoke === undefined ? {} : { revoke }),
  };
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
  await write(processIo.stdout, `${sentence(outcome)}\n`);
}

function sentence(outcome: FleetOutcome): string {
  switch (outcome.status) {
    case 'deployed': {
      const { result } = outcome;
      const generation = result.generation === undefined ? '' : `, generation ${result.generation}`;
      const reboot = result.rebootNeeded ? '; a reboot is needed for its kernel' : '';
      return `${outcome.target}: deployed ${result.system}${generation} in ${(result.duration / 1000).toFixed(1)} s${reboot}`;
    }
    case 'unchanged':
      return `${outcome.target}: ${outcome.result.action === 'dry-activate' ? 'nothing was changed' : 'runs this system already'}`;
    case 'skipped':
      return `${outcome.target}: not begun`;
    case 'revoked':
      return `${outcome.target}: taken back to generation ${outcome.result.previousGeneration}`;
    case 'revoke-failed':
      return `${outcome.target}: could not be taken back: ${describeError(outcome.error).message}`;
    default:
      return `${outcome.target}: FAILED: ${describeError(outcome.error).message}`;
  }
}
