import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A split image with one small file in it, made in `folder`; `description` makes it unlike others. */
export async function tinyImage(folder: string, description: string) {
  const [metadata, rootfs] = [join(folder, 'meta.tar.gz'), join(folder, 'rootfs.tar.gz')];
  await writeFile(
    join(folder, 'metadata.yaml'),
    `architecture: x86_64\ncreation_date: 1\nproperties:\n  description: ${description}\n`,
  );
  await mkdir(join(folder, 'root'));
  await writeFile(join(folder, 'root', 'file'), description);
  execFileSync('tar', ['-C', folder, '-czf', metadata, 'metadata.yaml']);
  execFileSync('tar', ['-C', join(folder, 'root'), '-czf', rootfs, '.']);
  return { metadata: { path: metadata }, rootfs: { path: rootfs } };
}
