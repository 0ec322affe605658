import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { UnavailableError } from './figure.ts';

/** The Go client's program (bench/peers/incus-exec), which takes a sample for each line it is sent. */
export interface GoPeer {
  sample(): Promise<number>;
  close(): Promise<void>;
}

/** Built once, outside the checkout, with sums that are checked against those in the checkout. */
export async function goPeer(socket: string, instance: string): Promise<GoPeer | UnavailableError> {
  const folder = join(homedir(), '.cache', 'cutover', 'bench', 'incus-exec-6.0.4');
  const program = join(folder, 'incus-exec');
  try {
    if (!existsSync(program)) await build(folder, program);
  } catch (error) {
    return new UnavailableError(
      `the Go client could not be built (Go and its module proxy are needed): ${String(error).slice(0, 200)}`,
    );
  }
  const child = spawn(program, [socket, instance], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  return {
    async sample() {
      child.stdin.write('\n');
      const { value } = await lines.next();
      return Number(value);
    },
    async close() {
      const exit = once(child, 'exit');
      child.stdin.end();
      await exit;
    },
  };
}

async function build(folder: string, program: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await cp(fileURLToPath(new URL('../peers/incus-exec', import.meta.url)), folder, { recursive: true });
  await execa('go', ['build', '-o', program, '.'], { cwd: folder, env: { GOFLAGS: '-mod=readonly' } });
}
