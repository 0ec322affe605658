import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { IncusClient } from '@cutover/incus-client';
import { execa } from 'execa';

/** A running instance of the lab, with ours and the `incus` command on the one daemon. */
export interface BenchMachine extends AsyncDisposable {
  readonly client: IncusClient;
  readonly name: string;
  readonly socket: string;
  /** With which the `incus` command finds the daemon. */
  readonly env: NodeJS.ProcessEnv;
  /** Runs the `incus` command, one process for each call as a script would. */
  incus(...args: readonly string[]): Promise<void>;
  /** A file of so many MiB of this machine, in its cache. */
  largeFile(mebibytes: number): Promise<string>;
}

/** What of lab/dist/index.js is used here. */
interface LabModule {
  openLab(options: { readonly name: string }): Promise<
    AsyncDisposable & {
      readonly client: IncusClient;
      readonly folders: { readonly incus: string; readonly socket: string };
      launch(prefix: string): Promise<AsyncDisposable & { readonly name: string }>;
    }
  >;
}

export async function openMachine(): Promise<BenchMachine> {
  // The lab stands above the packages and is not one: it is taken as it was built, when a figure needs it.
  const module: string = new URL('../../lab/dist/index.js', import.meta.url).href;
  const { openLab }: LabModule = await import(module);
  const lab = await openLab({ name: 'bench' });
  const box = await lab.launch('bench');
  const env = { ...process.env, INCUS_DIR: lab.folders.incus };
  const folder = await mkdtemp(join(tmpdir(), 'incus-bench-'));
  return {
    client: lab.client,
    name: box.name,
    socket: lab.folders.socket,
    env,
    async incus(...args) {
      const child = spawn('incus', args, { stdio: 'ignore', env });
      const [code] = await once(child, 'exit');
      if (code !== 0) throw new Error(`incus ${args.join(' ')} ended with ${String(code)}`);
    },
    async largeFile(mebibytes) {
      const path = join(folder, 'large');
      await execa('dd', ['if=/dev/urandom', `of=${path}`, 'bs=1M', `count=${mebibytes}`, 'status=none']);
      return path;
    },
    async [Symbol.asyncDispose]() {
      await rm(folder, { recursive: true });
      await box[Symbol.asyncDispose]();
      await lab[Symbol.asyncDispose]();
    },
  };
}
