import type { RigConfig } from '../config/rig-config.ts';
import { tmuxSocket } from '../config/rig-places.ts';
import armScript from '../ownership/enforce/arm-lease.sh';
import { tmuxServerArgv } from '../tmux/tmux-server.ts';

/** How the units of a rig are named and run. */
export interface UnitOptions {
  readonly user: string;
  readonly group?: string | undefined;
  /** Absolute path of node. */
  readonly node: string;
  /** Absolute path of `loops.bundle.cjs`, or of the `loops` command. */
  readonly bundle: string;
  /** Directories for PATH. */
  readonly path?: readonly string[] | undefined;
  /** Default `loops-tmux-<rig>`. */
  readonly tmuxUnitName?: string | undefined;
  /** Default `loops-<rig>`. */
  readonly unitName?: string | undefined;
  /** The units start only when this file is there. */
  readonly armedFile?: string | undefined;
  /** Absolute path of tmux. Default `/usr/bin/tmux`. */
  readonly tmux?: string | undefined;
  readonly environmentFile?: string | undefined;
  /** Of the machine that the units are for, e.g. 252. Default: one that knows all that is used. */
  readonly systemdVersion?: number | undefined;
}

/** A rendered unit: its file name and content. */
export interface Unit {
  readonly name: string;
  readonly content: string;
}

/**
 * The supervisor mostly waits: a small nursery and no optimising compiler cost it nothing, and would stay resident
 * otherwise. So would what its start needed, unless the allocator gives it back.
 */
const nodeFlags = '--max-semi-space-size=1 --no-opt';
const thrift = 'MALLOC_TRIM_THRESHOLD_=65536';
/** Milliseconds beyond the quiesce deadline until systemd kills what is left. */
const stopMargin = 30_000;

/**
 * The two units of a rig: its tmux server, and the supervisor. Restarting the second keeps every agent. On shutdown
 * the supervisor ends first, and then the tmux unit's stop brings the rig to a safe point. A rig with an ownership has
 * two more: a socket where the supervisor confirms its lease, and what then arms the timer that ends the rig.
 */
export function renderUnits(config: RigConfig, options: UnitOptions): Unit[] {
  const { rig } = config;
  const tmuxName = `${options.tmuxUnitName ?? `loops-tmux-${rig}`}.service`;
  const name = `${options.unitName ?? `loops-${rig}`}.service`;
  const path = (options.path ?? ['/usr/local/bin', '/usr/bin', '/bin']).join(':');
  const command = `${word(options.node)} ${nodeFlags} ${word(options.bundle)}`;
  const armed = options.armedFile === undefined ? [] : [`ConditionPathExists=${literal(options.armedFile)}`];
  const service = [
    `User=${options.user}`,
    ...(options.group === undefined ? [] : [`Group=${options.group}`]),
    `WorkingDirectory=${literal(config.workspace)}`,
    `Environment=${word(`PATH=${path}`)} ${thrift}`,
    ...(options.environmentFile === undefined
      ? []
      : [`EnvironmentFile=-${literal(options.environmentFile)}`]),
  ];
  const lease = config.ownership === undefined ? [] : leaseUnits(rig, tmuxName, options);
  return [
    ...lease,
    {
      name: tmuxName,
      content: unitText({
        Unit: [`Description=tmux server of the loops of ${rig}`, 'StartLimitIntervalSec=0', ...armed],
        Service: [
          'Type=exec',
          ...service,
          ...runtimeDirectory(config),
          `ExecStart=${[options.tmux ?? '/usr/bin/tmux', ...tmuxServerArgv(tmuxSocket(config)).slice(1)].map(word).join(' ')}`,
          `ExecStop=-${command} quiesce --config ${word(config.path)}`,
          'OOMPolicy=continue',
          'Restart=always',
          'RestartSec=100ms',
          `TimeoutStopSec=${Math.ceil((config.quiesce.deadline + stopMargin) / 1000)}`,
          'Delegate=yes',
        ],
      }),
    },
    {
      name,
      content: unitText({
        Unit: [
          `Description=Loops of ${rig}`,
          `Wants=${[tmuxName, ...lease.map(({ name: unit }) => unit).slice(0, 1), 'network-online.target'].join(' ')}`,
          `After=${tmuxName} network-online.target`,
          'StartLimitIntervalSec=0',
          ...armed,
        ],
        Service: [
          'Type=notify',
          'NotifyAccess=all',
          'WatchdogSec=30',
          ...service,
          `Environment=LOOPS_TMUX=external${lease.length === 0 ? '' : ` LOOPS_LEASE_SOCKET=${leaseSocket(rig)}`}`,
          ...userManager(options),
          `ExecStart=${command} up --config ${word(config.path)}`,
          `ExecReload=${command} reload --config ${word(config.path)}`,
          'KillMode=mixed',
          'Restart=always',
          'RestartSec=200ms',
          ...restartSteps(options),
          'RestartPreventExitStatus=10',
          'SuccessExitStatus=10',
          'TimeoutStartSec=90',
          'TimeoutStopSec=15',
        ],
        Install: ['WantedBy=multi-user.target'],
      }),
    },
  ];
}

/** Limits are scopes of the user's own manager: it is up before the supervisor looks for it. Root asks the system's. */
function userManager({ user }: UnitOptions): string[] {
  if (user === 'root') return [];
  const script = 'exec systemctl start "user@$(id -u "$1").service"';
  return [`ExecStartPre=-+${['/bin/sh', '-c', script, 'sh', user].map(word).join(' ')}`];
}

/** Where the supervisor of a rig confirms its lease. */
function leaseSocket(rig: string): string {
  return `/run/loops-lease-${rig}.sock`;
}

/** The socket is the user's alone; what is started for each connection is root's, and carries its whole script. */
function leaseUnits(rig: string, tmuxUnit: string, { user }: UnitOptions): Unit[] {
  const description = `Description=lease of the loops of ${rig}`;
  return [
    {
      name: `loops-lease-${rig}.socket`,
      content: unitText({
        Unit: [description],
        Socket: [
          `ListenStream=${leaseSocket(rig)}`,
          `SocketUser=${user}`,
          'SocketMode=0600',
          'Accept=yes',
          'TriggerLimitIntervalSec=0',
        ],
        Install: ['WantedBy=sockets.target'],
      }),
    },
    {
      name: `loops-lease-${rig}@.service`,
      content: unitText({
        Unit: [description, 'CollectMode=inactive-or-failed'],
        Service: [
          `ExecStart=/bin/sh -c ${quoteForUnit(armScript)} arm-lease ${rig} ${tmuxUnit}`,
          'StandardInput=socket',
          'StandardOutput=socket',
          'StandardError=journal',
        ],
      }),
    },
  ];
}

/** One word of a command line in a unit file: systemd expands `$` and `%`, and reads C's escapes within quotes. */
function quoteForUnit(text: string): string {
  const escaped = text
    .replaceAll('\\', String.raw`\\`)
    .replaceAll('"', String.raw`\"`)
    .replaceAll('\n', String.raw`\n`)
    .replaceAll('%', '%%')
    .replaceAll('$', '$$$$');
  return `"${escaped}"`;
}

/** systemd never forgets a restart: the longest delay is the one that a supervisor killed now and then will have. */
function restartSteps({ systemdVersion = newestSteps }: UnitOptions): string[] {
  return systemdVersion < newestSteps ? [] : ['RestartSteps=8', 'RestartMaxDelaySec=1s'];
}

/** The first systemd that knows `RestartSteps` (systemd.service(5)). */
const newestSteps = 254;

/** A word of a command line or an assignment, as systemd reads it (systemd.service(5), "Command lines"). */
function word(text: string): string {
  const escaped = literal(text).replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('$', '$$$$');
  return /^[\w@%+=:,./-]+$/.test(text) ? escaped : `"${escaped}"`;
}

/** A value in which systemd expands specifiers only. */
function literal(text: string): string {
  return text.replaceAll('%', '%%');
}

/** Only a directory below /run can be made, and kept over restarts, by systemd. */
function runtimeDirectory({ runtimeDir }: RigConfig): string[] {
  if (!runtimeDir.startsWith('/run/')) return [];
  return [
    `RuntimeDirectory=${runtimeDir.slice('/run/'.length)}`,
    'RuntimeDirectoryMode=0700',
    'RuntimeDirectoryPreserve=yes',
  ];
}

function unitText(sections: Readonly<Record<string, readonly string[]>>): string {
  return Object.entries(sections)
    .map(([section, lines]) => `[${section}]\n${lines.join('\n')}\n`)
    .join('\n');
}
