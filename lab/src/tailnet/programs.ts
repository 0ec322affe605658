import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { localHost } from '@cutover/host';
import { checkout } from '../folders.ts';

/** The programs of a real tailnet, built from source; see `lab/images/tailnet/build`. */
export interface TailnetPrograms {
  /** The control server. */
  readonly headscale: string;
  /** The folder with `tailscaled` and `tailscale`. */
  readonly tailscale: string;
}

/** Why there is no tailnet, where its programs were not built: to be said once, in this line. */
export const noTailnet =
  'headscale and tailscaled are not built, so what needs a real tailnet is left out; build them once: lab/images/tailnet/build';

/** The programs, where they were built; nothing is built here. */
export async function tailnetPrograms(): Promise<TailnetPrograms | undefined> {
  await using machine = localHost();
  const { stdout } = await machine.run([join(checkout(), 'lab', 'images', 'tailnet', 'build'), '--path']);
  const [headscale = '', tailscale = ''] = stdout.split('\n');
  const programs = { headscale: join(headscale, 'headscale'), tailscale };
  const there = [programs.headscale, join(tailscale, 'tailscaled'), join(tailscale, 'tailscale')];
  try {
    await Promise.all(there.map((file) => access(file)));
    return programs;
  } catch {
    return undefined;
  }
}
