import { parseSize } from '@cutover/foundation/size';

/** What nix would do to build something, from the words of `nix build --dry-run` on stderr (2.8 to 2.34 and Lix). */
export interface DryRun {
  /** Derivations. */
  readonly build: readonly string[];
  /** Store paths that a binary cache has. */
  readonly fetch: readonly string[];
  /** In bytes; `undefined` where nix did not say. */
  readonly download: number | undefined;
  readonly unpacked: number | undefined;
}

export function parseDryRun(text: string): DryRun {
  const build: string[] = [];
  const fetch: string[] = [];
  let section: string[] | undefined;
  let download: number | undefined;
  let unpacked: number | undefined;
  for (const line of text.split('\n')) {
    if (line.endsWith(' will be built:')) section = build;
    else if (/ will be fetched( \(.*\))?:$/.test(line)) {
      section = fetch;
      const sizes = /\(([\d.]+ \w+) download, ([\d.]+ \w+) unpacked\)/.exec(line);
      download = bytes(sizes?.[1]);
      unpacked = bytes(sizes?.[2]);
    } else if (section !== undefined && /^\s+\//.test(line)) section.push(line.trim());
    else if (line.trim() !== '') section = undefined;
  }
  return { build, fetch, download, unpacked };
}

/** `12.5 MiB`, as nix writes it, to bytes. */
function bytes(text: string | undefined): number | undefined {
  return text === undefined ? undefined : parseSize(text.replace(' ', ''));
}
