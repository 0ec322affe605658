import { basename } from 'node:path';
import type { GitRepository } from './repository.ts';

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
 * What the next commit would change, and every `.sops.yaml` and the `.secrets-allow.yaml` of the index, changed or not. Submodules are left out: they
 * are commits elsewhere, with no content here.
 */
export async function listStaged(
  repository: GitRepository,
): Promise<{ files: StagedFile[]; rules: StagedFile[] }> {
  const changed = await repository.run(diff);
  const rules = await repository.list([
    'ls-files',
    '-z',
    '-s',
    '--',
    '.sops.yaml',
    '*/.sops.yaml',
    '.secrets-allow.yaml',
  ]);
  return { files: parseRawDiff(changed.stdout), rules: rules.flatMap(parseIndex) };
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

/** `mode id stage`, a tab, the path. */
function parseIndex(line: string): StagedFile[] {
  const [facts = '', ...path] = line.split('\t');
  const [mode = '', id = ''] = facts.split(' ');
  const file = path.join('\t');
  return basename(file) === '.sops.yaml' || file === '.secrets-allow.yaml'
    ? [{ file, id, isLink: mode === '120000' }]
    : [];
}
