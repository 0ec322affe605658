import { setTimeout as delay } from 'node:timers/promises';
import { processIo, write } from '@cutover/foundation/io';
import type { RigConfig } from '../config/rig-config.ts';
import { controlSocket } from '../config/rig-places.ts';
import { streamFromSupervisor } from '../control/control-connection.ts';
import { recordedStatus } from '../rig/recorded-status.ts';
import type { WatchedStatus } from '../control/status.ts';
import { LoopsError } from '../errors.ts';
import type { CommonOptions } from './common.ts';
import { eventLine, statusText } from './view.ts';
import { WatchScreen } from './watch-screen.ts';

/**
 * Shows the status and every event until the signal is aborted: on a screen of its own where there is a terminal, which
 * its user may leave as well, and else one after the other.
 */
export async function watchStatus(
  config: RigConfig,
  options: CommonOptions,
  signal: AbortSignal,
): Promise<void> {
  if (options.json === true || !process.stdout.isTTY) {
    return follow(config, signal, (look) => printLook(look, options.json === true));
  }
  await using screen = new WatchScreen(process.stdout, process.stdin.isTTY ? process.stdin : undefined);
  try {
    await follow(config, AbortSignal.any([signal, screen.left]), (look) => screen.show(look));
  } catch (error) {
    if (!screen.left.aborted) throw error;
  }
}

async function printLook({ status, event }: WatchedStatus, json: boolean): Promise<void> {
  const news = event === undefined ? '' : `\n\n${eventLine(event)}`;
  await write(processIo.stdout, `${json ? JSON.stringify(status) : `${statusText(status)}${news}`}\n`);
}

/** Waits for a supervisor that is not there, and says what is known without one. */
async function follow(
  config: RigConfig,
  signal: AbortSignal,
  show: (look: WatchedStatus) => void | Promise<void>,
): Promise<void> {
  for (;;) {
    let problem: 'down' | 'silent' = 'down';
    try {
      for await (const look of streamFromSupervisor(controlSocket(config), 'watch', {}, { signal })) {
        await show(look);
      }
    } catch (error) {
      const code = error instanceof LoopsError ? error.code : undefined;
      if (code === 'SUPERVISOR_SILENT') problem = 'silent';
      else if (code !== 'SUPERVISOR_ABSENT') throw error;
    }
    await show({ status: await recordedStatus(config, problem) });
    await delay(1000, undefined, { signal });
  }
}
