import { mkdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isSystemError } from '@cutover/foundation/errno';
import { writeFileDurably } from '@cutover/foundation/durable-file';
import type { RigConfig } from '../config/rig-config.ts';
import type { RigEventBody } from '../events/rig-event.ts';
import { metricsText } from './metrics.ts';
import type { RigStatus } from './status.ts';

/** Between two events about a file that cannot be written, in milliseconds. */
const pause = 60_000;

/** Keeps the metrics file of a rig current, wherever a reload puts it. What is in its way is told: the rig goes on. */
export class MetricsFile {
  readonly #config: RigConfig;
  readonly #emit: (event: RigEventBody) => void;
  #written: string | undefined;
  #toldAt = -Infinity;

  constructor(config: RigConfig, emit: (event: RigEventBody) => void) {
    this.#config = config;
    this.#emit = emit;
  }

  async renew(status: () => RigStatus | Promise<RigStatus>): Promise<void> {
    const { metricsFile } = this.#config;
    try {
      if (this.#written !== undefined && this.#written !== metricsFile)
        await rm(this.#written, { force: true });
      this.#written = metricsFile;
      if (metricsFile === undefined) return;
      // A cleanup may have deleted it.
      await mkdir(dirname(metricsFile), { recursive: true });
      await writeFileDurably(metricsFile, metricsText(await status()), { mode: 0o644 });
    } catch (error) {
      if (!isSystemError(error)) throw error;
      this.#tell(`the metrics cannot be written: ${error.message}`);
    }
  }

  #tell(detail: string): void {
    const now = performance.now();
    if (now - this.#toldAt < pause) return;
    this.#toldAt = now;
    this.#emit({ type: 'metrics-failed', detail });
  }
}
