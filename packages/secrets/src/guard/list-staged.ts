import type { Host } from '@cutover/host';
import { basename } from 'node:path';

/** A staged file. */
export interface StagedFile {
  /** Relative to the repository. */
  readonly file: string;
  /** Of its blob. */
  readonly id: string;
  /** A symbolic link, whose content is a path. */
  readonly isLink: boolean;
}

/**
 * What the next commit would change, and every `.sops.yaml` of the index, changed or not. Submodules are left out: they
 * are commits elsewhere, with no content here.
 */
export async function listStaged(
  host: Host,
  repository: string,
  signal: AbortSignal | undefined,
): Promise<{ files: StagedFile[]; rules: StagedFile[] }> {
  const options = signal === undefined ? {} : { signal };
  const git = ['git', '-C', repository];
  const changed = await host.run([...git, ...diff], options);
  const index = await host.run([...git, 'ls-files', '-z', '-s', '--', '.sops.yaml', '*/.sops.yaml'], options);
  return { files: parseRawDiff(changed.stdout), rules: parseIndex(index.stdout) };
}

const diff = [
  'diff',
  '--cached',
  '--raw',
  '--no-abbrev',
  '--no-renames',
  '--diff-filter=ACMT',
  '--ignore-submodules=all',
  '-z',
] as const;

/** `:oldmode mode oldid id status`, NUL, the path, NUL. */
function parseRawDiff(output: string): StagedFile[] {
  const parts = output.split('\0');
  return parts.flatMap((facts, index) => {
    const [, mode = '', , id = ''] = facts.split(' ');
    const file = parts[index + 1];
    if (index % 2 !== 0 || file === undefined) return [];
    return [{ file, id, isLink: mode === '120000' }];
  });
}

/** `mode id stage`, a tab, the path, NUL. */
function parseIndex(output: string): StagedFile[] {
  return output.split('\0').flatMap((line) => {
    const [facts = '', ...path] = line.split('\t');
    const [mode = '', id = ''] = facts.split(' ');
    const file = path.join('\t');
    return basename(file) === '.sops.yaml' ? [{ file, id, isLink: mode === '120000' }] : [];
  });
}
