import type { Host } from '@cutover/host';

import { NixError } from '../errors.ts';
import { verifyArgv } from '../nix/arguments.ts';
import type { StorePath } from '../nix/path-info.ts';
import { asRoot, type Privilege, script } from '../target/script.ts';
import { deletePaths } from './delete-paths.ts';

/**
 * Holds that every path in a closure was built on the host or bears a signature of a key that it trusts. Where one does not,
 * what was `copied` for it is deleted again.
 *
 * @throws {NixError} of the step `copy`, which says how many paths do not.
 */
export async function verifySignatures(
  host: Host,
  path: string,
  copied: readonly StorePath[],
  privilege: Privilege,
  signal?: AbortSignal,
): Promise<void> {
  const argv = asRoot(script('verify', 'exec "$@"', ...verifyArgv(path)), privilege);
  const result = await host.run(argv, { reject: false, signal });
  if (result.exitCode === 0) return;
  const gone = await deletePaths(host, copied, privilege);
  const untrusted = result.stderr.split('\n').filter((line) => /is untrusted|lacks? .*signature/.test(line));
  throw new NixError('copy', host.name, {
    exitCode: result.exitCode,
    lastLines: [
      ...(untrusted.length > 0 ? untrusted : result.stderr.trimEnd().split('\n')).slice(-5),
      `unsigned closure: ${untrusted.length} paths of ${path} bear no signature of a key that ${host.name} trusts; ` +
        'sign them (nix store sign) with a key of its trusted-public-keys',
      `of the ${copied.length} paths that were copied for it, ${gone} were deleted again`,
    ],
  });
}
