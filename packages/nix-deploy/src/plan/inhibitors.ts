import type { Host } from '@cutover/host';

/** The parts whose change keeps a running system from switching: name → what it is. */
type Inhibitors = ReadonlyMap<string, string>;

/**
 * The names of the inhibitors that keep the target from switching to a system. nixpkgs of today writes them as JSON and
 * compares those that both systems have; before, they were store paths, a line each, held against those of the boot.
 */
export async function changedInhibitors(
  target: Host,
  builder: Host,
  { current, booted }: { readonly current: string; readonly booted: string },
  system: string,
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  const read = async (host: Host, path: string): Promise<string | undefined> => {
    const argv = ['cat', `${path}/switch-inhibitors`];
    const { exitCode, stdout } = await host.run(argv, { reject: false, signal });
    return exitCode === 0 ? stdout : undefined;
  };
  const [now, boot, fresh] = await Promise.all([
    read(target, current),
    read(target, booted),
    read(builder, system),
  ]);
  if (fresh === undefined) return [];
  return differingInhibitors(isJson(fresh) ? now : boot, fresh);
}

/** The same for the texts of two lists. Where either system has no list, nothing keeps it. */
export function differingInhibitors(before: string | undefined, after: string): readonly string[] {
  if (before === undefined) return [];
  if (isJson(before) !== isJson(after)) return [];
  const [old, fresh] = [parse(before), parse(after)];
  if (isJson(after)) {
    return [...fresh.keys()].filter((name) => old.has(name) && old.get(name) !== fresh.get(name)).sort();
  }
  const gone = [...old.keys()].filter((name) => !fresh.has(name));
  return [...new Set([...[...fresh.keys()].filter((name) => !old.has(name)), ...gone].map(packageName))];
}

function isJson(text: string): boolean {
  return text.trimStart().startsWith('{');
}

function parse(text: string): Inhibitors {
  if (!isJson(text)) return new Map(text.split('\n').flatMap((line) => (line === '' ? [] : [[line, line]])));
  const parsed: unknown = JSON.parse(text);
  return new Map(
    Object.entries(typeof parsed === 'object' && parsed !== null ? parsed : {}).map(([name, value]) => [
      name,
      JSON.stringify(value),
    ]),
  );
}

/** `/nix/store/…-systemd-257.5` → `systemd-257.5`. */
function packageName(path: string): string {
  return path.replace(/^.*\/[0-9a-z]{32}-/, '');
}
