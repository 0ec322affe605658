import { FileNotFoundError, type Host } from '@cutover/host';
import { newPath, oldPath } from '../rig/rig.ts';
import type { World } from '../world/world.ts';

/** The plan phase on the old host; `undefined`: the rig counts none, or the file is not there. */
export async function oldResumePoint(
  { settings, old }: Pick<World, 'settings' | 'old'>,
  signal: AbortSignal,
): Promise<number | undefined> {
  const { resumePoint } = settings.old;
  return resumePoint === undefined ? undefined : readResumePoint(old, oldPath(settings, resumePoint), signal);
}

/** The same on the new host. */
export async function newResumePoint(
  { settings }: Pick<World, 'settings'>,
  target: Host,
  signal: AbortSignal,
): Promise<number | undefined> {
  const { resumePoint } = settings.old;
  return resumePoint === undefined
    ? undefined
    : readResumePoint(target, newPath(settings, resumePoint), signal);
}

/** The plan phase that a `.phase-idx` file counts, or `undefined` when there is no such file. */
export async function readResumePoint(
  host: Host,
  path: string,
  signal: AbortSignal,
): Promise<number | undefined> {
  const bytes = await host.readFile(path, { signal }).catch((error: unknown) => {
    if (error instanceof FileNotFoundError) return undefined;
    throw error;
  });
  if (bytes === undefined) return undefined;
  const text = new TextDecoder().decode(bytes).trim();
  if (!/^\d+$/.test(text)) throw new Error(`${path} on ${host.name} does not hold a number; fix it by hand`);
  return Number(text);
}

/** Writes a `.phase-idx` file for `owner`, with the folder it is in. */
export async function writeResumePoint(
  host: Host,
  path: string,
  index: number,
  owner: string,
  signal: AbortSignal,
): Promise<void> {
  const folder = path.slice(0, path.lastIndexOf('/'));
  await host.run(['install', '-d', '-o', owner, '-g', owner, folder], { signal });
  await host.writeFile(path, `${index}\n`, { mode: 0o644, owner, group: owner, signal });
}
