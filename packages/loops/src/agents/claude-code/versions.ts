const oldest = [2, 1, 154] as const;
const newest = [2, 1, 332] as const;

/** The range of versions that this adapter was tested with. */
export const testedVersions = `${oldest.join('.')} to ${newest.join('.')}`;

/** Why a version may behave in another way than the ones that were tested; `undefined` for those. */
export function versionDoubt(version: string): string | undefined {
  const parts = version.split('.').map((part) => Number.parseInt(part, 10));
  const isKnown = compare(parts, oldest) >= 0 && compare(parts, newest) <= 0;
  return isKnown ? undefined : `Claude Code ${version} was not tested; the tested ones are ${testedVersions}`;
}

function compare(a: readonly number[], b: readonly number[]): number {
  const index = b.findIndex((part, at) => part !== a[at]);
  return index === -1 ? 0 : (a[index] ?? 0) - (b[index] ?? 0);
}
