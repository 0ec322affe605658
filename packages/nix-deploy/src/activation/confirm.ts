import { setTimeout as sleep } from 'node:timers/promises';

import { HostConnectionError } from '@cutover/host';

import type { TargetlessEvent } from '../events.ts';
import { type CheckResult, runChecks } from '../health/run-checks.ts';
import type { Settings } from '../options.ts';
import { reach } from '../target/connection.ts';
import { asRoot, script } from '../target/script.ts';
import type { Target } from '../target/target.ts';
import decideScript from './decide.sh';

/** Health checks on a connection that did not exist before, then the decision. */
export async function confirm(
  target: Target,
  settings: Settings,
  patience: number,
  emit: (event: TargetlessEvent) => void,
): Promise<readonly CheckResult[]> {
  const end = performance.now() + patience;
  // A tenth of the time, at most five seconds, stays for saying so.
  const deadline = end - Math.min(5000, patience / 10);
  const { healthChecks, signal } = settings;
  for (;;) {
    try {
      // Whether it can be reached shows in what is asked of it: a connection of its own would only cost time.
      await using fresh = await target.connect(signal);
      const results = await runChecks(fresh, healthChecks, {
        deadline,
        signal,
        onResult: (result) => emit({ type: 'health', ...result }),
      });
      const argv = script(
        'decide',
        decideScript,
        settings.targetPaths.state,
        settings.id,
        results.every((result) => result.ok) ? 'confirmed' : 'revoked',
      );
      await fresh.run(asRoot(argv, settings), {
        timeout: Math.max(1000, Math.ceil(end - performance.now())),
      });
      return results;
    } catch (error) {
      if (!(error instanceof HostConnectionError) || performance.now() > deadline) throw error;
    }
    await sleep(500, undefined, { signal });
  }
}

/** Decides on a connection of its own, which may take up to `patience` milliseconds to come by. */
export async function decide(
  target: Target,
  settings: Settings,
  decision: 'revoked',
  patience: number,
): Promise<void> {
  await using fresh = await reach(target, performance.now() + patience);
  const argv = script('decide', decideScript, settings.targetPaths.state, settings.id, decision);
  await fresh.run(asRoot(argv, settings), { timeout: patience });
}
