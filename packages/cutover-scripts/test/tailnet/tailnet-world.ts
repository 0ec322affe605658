import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unlessAbsent } from '@cutover/foundation/errno';
import { type Host, localHost } from '@cutover/host';
import { withEnvironment } from '../../src/world/with-environment.ts';

/** The world of the stand-in `tailscale`: a daemon here, and a control server with these keys. */
export interface TailnetWorld extends AsyncDisposable {
  readonly folder: string;
  /** This machine, with the stand-in on its PATH. */
  readonly host: Host;
  write(name: string, text: string): Promise<void>;
  /** The text of one of its files; empty where it is not there. */
  read(name: string): Promise<string>;
}

export async function tailnetWorld(files: Readonly<Record<string, string>>): Promise<TailnetWorld> {
  const folder = await mkdtemp(join(tmpdir(), 'tailnet-'));
  const local = localHost();
  const write = (name: string, text: string): Promise<void> => writeFile(join(folder, name), text);
  await Promise.all(Object.entries(files).map(([name, text]) => write(name, text)));
  const path = `${new URL('.', import.meta.url).pathname}:${process.env['PATH'] ?? ''}`;
  return {
    folder,
    host: withEnvironment(local, { PATH: path, TAILNET: folder }),
    write,
    read: async (name) => (await unlessAbsent(readFile(join(folder, name), 'utf8'))) ?? '',
    async [Symbol.asyncDispose]() {
      await local[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
}
