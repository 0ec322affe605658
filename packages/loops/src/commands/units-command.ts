import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { isErrno } from '@cutover/foundation/errno';
import type { Command } from 'commander';
import { userName } from '../processes/user-name.ts';
import { type CommonOptions, print, withCommonOptions } from './common.ts';

interface UnitsOptions extends CommonOptions {
  readonly user: string;
  readonly group?: string | undefined;
  readonly unitName?: string | undefined;
  readonly tmuxUnitName?: string | undefined;
  readonly armedFile?: string | undefined;
  readonly environmentFile?: string | undefined;
  readonly tmux?: string | undefined;
  readonly path?: string | undefined;
  readonly out?: string | undefined;
}

/** `loops units`: the systemd units of the rig. */
export function addUnitsCommand(program: Command): void {
  withCommonOptions(program.command('units'))
    .option('--user <name>', 'user of the units and the agents', userName())
    .option('--group <name>', "group of the units and the agents (default: the user's own)")
    .option('--unit-name <name>', "the supervisor's unit, without .service")
    .option('--tmux-unit-name <name>', "the tmux server's unit, without .service")
    .option('--armed-file <path>', 'start the units only when this file exists')
    .option('--environment-file <path>', 'file of NAME=value lines for both units')
    .option('--tmux <path>', 'path of tmux')
    .option('--path <directories>', 'PATH of the units and the agents')
    .option('--out <directory>', 'write the unit files to this directory')
    .description('print the systemd units that run the rig')
    .action(async (options: UnitsOptions) => {
      const [{ loadRigConfig }, { renderUnits }, { writeFileDurably }] = await Promise.all([
        import('../config/load-rig-config.ts'),
        import('../units/render-units.ts'),
        import('@cutover/foundation/durable-file'),
      ]);
      const { user, group, unitName, tmuxUnitName, armedFile, environmentFile, tmux, path, out } = options;
      const units = renderUnits(await loadRigConfig(options.config), {
        user,
        node: process.execPath,
        bundle: resolve(process.argv[1] ?? 'loops'),
        systemdVersion: await systemdVersion(),
        group,
        unitName,
        tmuxUnitName,
        armedFile,
        environmentFile,
        tmux,
        path: path?.split(':'),
      });
      if (out !== undefined) {
        await mkdir(out, { recursive: true });
        for (const { name, content } of units)
          await writeFileDurably(join(out, name), content, { mode: 0o644 });
      }
      const text = units.map(({ name, content }) => `# ${name}\n${content}`).join('\n');
      await print(
        options,
        units,
        out === undefined ? text : units.map(({ name }) => join(out, name)).join('\n'),
      );
    });
}

/** The version of this machine's systemd; `undefined` where there is none. */
async function systemdVersion(): Promise<number | undefined> {
  try {
    const { stdout } = await promisify(execFile)('systemctl', ['--version']);
    const version = /^systemd (\d+)/.exec(stdout)?.[1];
    return version === undefined ? undefined : Number(version);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}
