import { setTimeout as delay } from 'node:timers/promises';
import { processIo, write } from '@cutover/foundation/io';
import type { RigConfig } from '../config/rig-config.ts';
import { controlSocket } from '../config/rig-places.ts';
import { streamFromSupervisor } from '../control/control-connection.ts';
import { recordedStatus } from '../rig/recorded-status.ts';
import type { RigStatus } from '../control/status.ts';
import { LoopsError } from '../errors.ts';
import type { CommonOptions } from './common.ts';
import { eventLine, statusText } from './view.ts';

const clear = '\u001B[H\u001B[2J';
const shownEvents = 12;

/** Shows the status again with every event until the signal is aborted; waits for a supervisor that is not there. */
export async function watchStatus(
  config: RigConfig,
  options: CommonOptions,
  signal: AbortSignal,
): Promise<void> {
  const events: string[] = [];
  const show = async (status: RigStatus): Promise<void> => {
    const screen = [statusText(status), '', ...events].join('\n');
    const text =
      options.json === true
        ? JSON.stringify(status)
        : `${processIo.stdout.isTTY === true ? clear : ''}${screen}`;
    await write(processIo.stdout, `${text}\n`);
  };
  while (!signal.aborted) {
    try {
      for await (const look of streamFromSupervisor(controlSocket(config), 'watch', {}, { signal })) {
        const { status, event } = look;
        if (event !== undefined) events.push(eventLine(event));
        events.splice(0, events.length - shownEvents);
        await show(status);
      }
      await show(await recordedStatus(config));
    } catch (error) {
      const code = error instanceof LoopsError ? error.code : undefined;
      if (code !== 'SUPERVISOR_ABSENT' && code !== 'SUPERVISOR_SILENT') throw error;
      await show(await recordedStatus(config, code === 'SUPERVISOR_SILENT' ? 'silent' : 'down'));
    }
    await delay(1000, undefined, { signal });
  }
}
