import { once } from 'node:events';
import type { Writable } from 'node:stream';

/** Where a command writes. Tests pass their own. */
export interface CommandIo {
  readonly stdout: Writable & { readonly isTTY?: boolean };
  readonly stderr: Writable & { readonly isTTY?: boolean };
}

/** This process's own standard streams. */
export const processIo: CommandIo = { stdout: process.stdout, stderr: process.stderr };

/** Writes `text` and waits when the reader is behind, so that a slow pipe never fills the memory. */
export async function write(stream: Writable, text: string | Uint8Array): Promise<void> {
  if (!stream.write(text)) await once(stream, 'drain');
}
