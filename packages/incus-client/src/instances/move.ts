import type { OperationRun, WaitOptions } from '../follow/operation-run.ts';
import type { Scope } from '../scope.ts';
import { path } from '../api/path.ts';
import type { InstanceConfig, Devices } from './config-types.ts';
import type { InstanceSource } from './types.ts';

/** How an instance is copied. */
export interface CopyOptions extends WaitOptions {
  /** The project of the source, where it is another one than the copy's. */
  readonly sourceProject?: string | undefined;
  /** Without snapshots. */
  readonly instanceOnly?: boolean | undefined;
  /** Bring an earlier copy up to date. */
  readonly refresh?: boolean | undefined;
  readonly config?: InstanceConfig | undefined;
  readonly devices?: Devices | undefined;
  readonly profiles?: readonly string[] | undefined;
}

/** Copies an instance, or with `source/snapshot` a snapshot, within one server. */
export function copyInstance(
  scope: Scope,
  source: string,
  name: string,
  options: CopyOptions,
): OperationRun<void> {
  const { sourceProject, instanceOnly, refresh, config, devices, profiles, ...wait } = options;
  const from: InstanceSource = {
    type: 'copy',
    source,
    project: sourceProject,
    instance_only: instanceOnly,
    refresh,
  };
  return scope.start(
    'POST',
    '/1.0/instances',
    { ...wait, json: { name, source: from, config, devices, profiles } },
    () => {},
  );
}

/** Asks the source to offer itself; the operation's metadata holds a secret for each channel. */
export function offerMigration(
  scope: Scope,
  instance: string,
  { live, instanceOnly }: { readonly live: boolean; readonly instanceOnly: boolean },
  options: WaitOptions,
): OperationRun<void> {
  const json = { migration: true, live, instance_only: instanceOnly };
  return scope.start('POST', path`/1.0/instances/${instance}`, { ...options, json }, () => {});
}
