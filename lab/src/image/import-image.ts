import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { localHost } from '@cutover/host';
import type { IncusClient } from '@cutover/incus-client';
import { checkout, type LabFolders } from '../folders.ts';
import type { Overlay } from './overlay.ts';

/** The name that the runbook knows the image by. */
export const imageAlias = 'incus-base-vm';

/** The root file system's path, built first where that has not been done: minutes, with progress on standard error. */
export async function rootFileSystem(signal?: AbortSignal): Promise<string> {
  await using machine = localHost();
  const build = machine.stream([join(checkout(), 'lab', 'images', 'build')], { ...(signal && { signal }) });
  build.stdin.end();
  build.stderr.pipe(process.stderr, { end: false });
  const chunks: Buffer[] = [];
  for await (const chunk of build.stdout) chunks.push(Buffer.from(chunk));
  const { exitCode } = await build.exit;
  if (exitCode !== 0)
    throw new Error(
      `lab/images/build ended with exit code ${exitCode ?? 'by a signal'}; its last words are above`,
    );
  return Buffer.concat(chunks).toString().trim();
}

/** Makes {@link imageAlias} name the image of `base` with the overlays on it. What it named before is deleted. */
export async function importImage(
  client: IncusClient,
  folders: LabFolders,
  base: string,
  overlays: readonly Overlay[],
): Promise<void> {
  await using machine = localHost();
  // One importer at a time: the lab's lock is held. What a killed one left goes first.
  const work = join(folders.root, 'image');
  await rm(work, { recursive: true, force: true });
  await mkdir(work);
  try {
    const rootfs = join(work, 'rootfs.tar');
    const metadata = join(work, 'metadata.tar');
    await machine.run(['cp', '--reflink=auto', base, rootfs]);
    for (const { folder, prefix, files } of overlays) {
      await machine.run([...appendTo(rootfs, folder, prefix), '--null', '--files-from=-'], {
        input: files.join('\0'),
      });
    }
    const source = join(checkout(), 'lab', 'images', 'metadata');
    await machine.run([
      'tar',
      '--create',
      `--file=${metadata}`,
      '--owner=0',
      '--group=0',
      `--directory=${source}`,
      'metadata.yaml',
      'templates',
    ]);
    for (const { fingerprint } of await client.images.list()) await client.images.delete(fingerprint);
    await client.images.import(
      { metadata: { path: metadata }, rootfs: { path: rootfs } },
      { aliases: [imageAlias] },
    );
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Files keep whether they may be executed, and nothing of the checkout's owner and umask. */
function appendTo(archive: string, folder: string, prefix: string): string[] {
  const names = prefix === '' ? [] : [`--transform=flags=r;s,^,${prefix},`];
  return [
    'tar',
    '--append',
    `--file=${archive}`,
    '--owner=0',
    '--group=0',
    '--mode=u=rwX,go=rX',
    ...names,
    `--directory=${folder}`,
  ];
}
