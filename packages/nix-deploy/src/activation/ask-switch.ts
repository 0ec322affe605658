import type { Host } from '@cutover/host';

import { ActivationError } from '../errors.ts';
import type { TargetlessEvent } from '../events.ts';
import type { Settings } from '../options.ts';
import { asRoot, script } from '../target/script.ts';
import { specialised } from '../target/specialised.ts';

/** Whether the deploy changes nothing on the target. */
export function onlyAsks({ action }: Settings): boolean {
  return action === 'dry-activate' || action === 'check';
}

/**
 * Asks the new system what switching to it would do, or whether it may be done; nothing is changed.
 *
 * @returns what it wrote.
 * @throws {ActivationError} a pre-switch check failed, or it could not be asked.
 */
export async function askSwitch(
  host: Host,
  system: string,
  settings: Settings,
  emit: (event: TargetlessEvent) => void,
): Promise<string> {
  const { action, specialisation, signal, activationTimeout } = settings;
  const path = specialised(system, specialisation);
  const argv = script(action, 'exec "$1/bin/switch-to-configuration" "$2" 2>&1', path, action);
  const { stdout, exitCode } = await host.run(asRoot(argv, settings), {
    reject: false,
    timeout: activationTimeout,
    signal,
  });
  for (const line of stdout.trimEnd().split('\n')) emit({ type: 'output', line });
  if (exitCode === 0) return stdout;
  throw new ActivationError(
    {
      code: 'SWITCH_FAILED',
      step: 'activate',
      target: host.name,
      exitCode,
      log: stdout,
      restoration: 'untouched',
    },
    `${host.name} ${action === 'check' ? 'may not switch to this system' : `cannot say what switching to this system would do (exit code ${exitCode})`}: ${stdout.trimEnd().split('\n').slice(-3).join('\n')}`,
  );
}
