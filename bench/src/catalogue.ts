import type { Figure } from './figure.ts';

/** The figures of each package, loaded when they are asked for. */
const packages: Readonly<Record<string, () => Promise<readonly Figure[]>>> = {
  host: async () => (await import('./host.ts')).hostFigures,
  'incus-client': async () => (await import('./incus-client.ts')).incusClientFigures,
  secrets: async () => (await import('./secrets.ts')).secretsFigures,
  'nix-deploy': async () => (await import('./nix-deploy.ts')).nixDeployFigures,
  loops: async () => {
    const [{ loopsFigures }, { claudeFigures }] = await Promise.all([
      import('./loops.ts'),
      import('./claude-sessions.ts'),
    ]);
    return [...loopsFigures, ...claudeFigures];
  },
  'cutover-scripts': async () => (await import('./cutover-scripts.ts')).cutoverScriptsFigures,
  imports: async () => (await import('./imports.ts')).importFigures,
};

/** A figure, and the package that it is of. */
export interface Entry {
  readonly package: string;
  readonly figure: Figure;
}

export class UnknownFigureError extends Error {
  override readonly name = 'UnknownFigureError';
}

/**
 * The figures that `names` mean: packages, figures, or `PACKAGE/FIGURE`; all of them without names.
 *
 * @throws {UnknownFigureError} a name means nothing.
 */
export async function selectFigures(names: readonly string[]): Promise<readonly Entry[]> {
  const loaded = await Promise.all(
    Object.entries(packages).map(async ([name, load]) =>
      (await load()).map((figure) => ({ package: name, figure })),
    ),
  );
  const all = loaded.flat();
  const matches = (wanted: string, { package: from, figure }: Entry): boolean =>
    wanted === from || wanted === figure.name || wanted === `${from}/${figure.name}`;
  for (const name of names) {
    if (name in packages || all.some((entry) => matches(name, entry))) continue;
    const known = [...Object.keys(packages), ...all.map(({ figure }) => figure.name)];
    throw new UnknownFigureError(
      `no package or figure is called ${name}; there are ${[...new Set(known)].join(', ')}`,
    );
  }
  return all.filter((entry) => names.length === 0 || names.some((name) => matches(name, entry)));
}
