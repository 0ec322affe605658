import type { Host } from '@cutover/host';

/** Whether a systemd unit runs, and whether it would be started at boot. */
export interface UnitState {
  readonly unit: string;
  readonly loaded: boolean;
  readonly active: boolean;
  readonly enabled: boolean;
  /** No boot starts it, and `systemctl enable` would change that. */
  readonly disabled: boolean;
}

/** Asks systemd; `activating` counts as active. */
export async function unitState(host: Host, unit: string, signal: AbortSignal): Promise<UnitState> {
  const properties = ['LoadState', 'ActiveState', 'UnitFileState'];
  const { stdout } = await host.run(
    ['systemctl', 'show', ...properties.map((property) => `--property=${property}`), unit],
    { signal },
  );
  const values = new Map(stdout.split('\n').map((line) => line.split('=', 2) as [string, string]));
  return {
    unit,
    loaded: values.get('LoadState') === 'loaded',
    active: ['active', 'activating', 'reloading'].includes(values.get('ActiveState') ?? ''),
    enabled: (values.get('UnitFileState') ?? '').startsWith('enabled'),
    disabled: values.get('UnitFileState') === 'disabled',
  };
}
