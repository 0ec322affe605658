/** What `git status --porcelain=v2 --branch --show-stash -z` says. */
export interface StatusReport {
  readonly head: string | undefined;
  readonly branch: string | undefined;
  readonly upstream: string | undefined;
  /** False when an upstream is configured and gone: then there is no `branch.ab` line. */
  readonly upstreamExists: boolean;
  /** Commits that the upstream lacks, as far as the clone knows. */
  readonly ahead: number;
  readonly stashes: number;
  readonly changed: readonly string[];
  readonly untracked: readonly string[];
  readonly conflicts: readonly string[];
  readonly submodules: readonly string[];
}

/** Parses the NUL-separated porcelain format, version 2 (git-status(1), "Porcelain Format Version 2"). */
export function parseStatus(output: string): StatusReport {
  const headers = new Map<string, string>();
  const changed: string[] = [];
  const untracked: string[] = [];
  const conflicts: string[] = [];
  const submodules: string[] = [];
  const entries = output.split('\0');
  for (let index = 0; index < entries.length; index += 1) {
    const entry = entries[index] ?? '';
    const kind = entry.slice(0, 2);
    if (kind === '# ') {
      const [, name = '', value = ''] = /^# (\S+) (.*)$/.exec(entry) ?? [];
      headers.set(name, value);
    } else if (kind === '? ') untracked.push(entry.slice(2));
    else if (kind === 'u ') conflicts.push(fieldsAfter(entry, 10));
    else if (kind === '1 ' || kind === '2 ') {
      const path = fieldsAfter(entry, kind === '1 ' ? 8 : 9);
      (entry.split(' ')[2]?.startsWith('S') === true ? submodules : changed).push(path);
      // A rename is followed by its old path, as an entry of its own.
      if (kind === '2 ') index += 1;
    }
  }
  const head = headers.get('branch.oid');
  const branch = headers.get('branch.head');
  return {
    head: head === '(initial)' ? undefined : head,
    branch: branch === '(detached)' ? undefined : branch,
    upstream: headers.get('branch.upstream'),
    upstreamExists: headers.has('branch.ab') || head === '(initial)',
    ahead: Number(/^\+(\d+)/.exec(headers.get('branch.ab') ?? '')?.[1] ?? 0),
    stashes: Number(headers.get('stash') ?? 0),
    changed,
    untracked,
    conflicts,
    submodules,
  };
}

/** The rest of a line after so many fields: a path, which may hold spaces. */
function fieldsAfter(entry: string, count: number): string {
  let from = 0;
  for (let field = 0; field < count; field += 1) from = entry.indexOf(' ', from) + 1;
  return entry.slice(from);
}
