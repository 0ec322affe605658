import type { Host } from '@cutover/host';

import { type NixOptions, rebuildArgv } from '../nix/arguments.ts';
import { type NixEvent, runNix } from '../nix/run-nix.ts';
import type { Source } from '../source.ts';
import { asRoot, type Privilege, script } from '../target/script.ts';
import inFolderScript from './rebuild-in-folder.sh';

export interface RebuildOptions {
  readonly source: Extract<Source, { flake: string }>;
  /** Name of the configuration when the source has none. */
  readonly configuration: string;
  readonly on: Host;
  /** Where it leaves its `result`. Default: a folder that is gone afterwards. */
  readonly folder: string | undefined;
  readonly privilege: Privilege;
  readonly nixOptions?: NixOptions | undefined;
  readonly onEvent?: ((event: NixEvent) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Lets nixos-rebuild evaluate and build.
 *
 * @returns the store path that its `result` names.
 * @throws {NixError}
 */
export async function rebuild(options: RebuildOptions): Promise<string> {
  const { source, on, folder = '', privilege, onEvent, signal } = options;
  const argv = rebuildArgv(
    'build',
    source.flake,
    source.configuration ?? options.configuration,
    options.nixOptions,
  );
  const inFolder = asRoot(script('rebuild', inFolderScript, folder, ...argv), privilege);
  return (await runNix(on, inFolder, { step: 'build', onEvent, signal })).trim();
}
