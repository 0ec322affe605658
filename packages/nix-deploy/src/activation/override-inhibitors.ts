import type { Host } from '@cutover/host';

import { PreflightError } from '../errors.ts';
import type { Settings } from '../options.ts';
import { changedInhibitors } from '../plan/inhibitors.ts';
import { asRoot, script } from '../target/script.ts';

/**
 * Whether all pre-switch checks are to be left out (`NIXOS_NO_CHECK`): only where every inhibitor that has changed is named,
 * and the other checks pass. A dry activation runs these, and leaves out the one of the inhibitors.
 *
 * @returns the names that are overridden; none where nothing has to be.
 * @throws {PreflightError} an inhibitor that is not named has changed, or another check fails.
 */
export async function overriddenInhibitors(
  host: Host,
  system: string,
  settings: Settings,
): Promise<readonly string[]> {
  const { overrideInhibitors: named, action, targetPaths, signal } = settings;
  if (named.length === 0 || (action !== 'switch' && action !== 'test')) return [];
  const changed = await changedInhibitors(host, host, targetPaths, system, signal);
  if (changed.length === 0) return [];
  const others = changed.filter((name) => !named.includes(name));
  if (others.length > 0) {
    const problem = {
      check: 'switch-inhibitors',
      message: `${others.join(', ')} changed too, which a running system cannot be switched to`,
      fix: `name each with --override-inhibitor as well, or deploy it with the action boot and reboot`,
    };
    throw new PreflightError(host.name, [problem]);
  }
  const dry = script('dry-activate', 'exec "$1/bin/switch-to-configuration" dry-activate 2>&1', system);
  const { exitCode, stdout } = await host.run(asRoot(dry, settings), {
    reject: false,
    timeout: settings.activationTimeout,
    signal,
  });
  if (exitCode === 0 && !/^Pre-switch check/m.test(stdout)) return changed;
  const said = /^Pre-switch check.*$/m.exec(stdout)?.[0] ?? `dry-activate ended with exit code ${exitCode}`;
  const problem = {
    check: 'pre-switch-check',
    message: `beside the inhibitors, another check does not pass: ${said}`,
    fix: 'correct what it complains of: to override an inhibitor leaves out every check',
  };
  throw new PreflightError(host.name, [problem]);
}
