import type { HostSettings } from './flake-settings.ts';

/** What a flake repository is made of, beside its template. */
export interface FlakeParts {
  readonly settings: HostSettings;
  /** Where nixpkgs comes from, e.g. `github:NixOS/nixpkgs/nixos-26.05` or `path:/srv/nixpkgs`. */
  readonly nixpkgs: string;
  /** The template's files (path → text): `readFlakeTemplate()`. */
  readonly template: ReadonlyMap<string, string>;
  /** NixOS modules of other packages (file name → text): `loops.nix`, `secrets.nix`. */
  readonly modules: ReadonlyMap<string, string>;
  /** All else that the repository carries (path → text): bundles, `loops.yaml`, the secrets' manifest. */
  readonly files: ReadonlyMap<string, string>;
}

/**
 * Renders the repository that declares a machine. The same parts give the same files, byte for byte, in a fixed order.
 *
 * The settings travel as one JSON file, which the modules read; no Nix is made from strings, but for the one thing
 * that Nix wants literally: the address of its input.
 *
 * @throws {TypeError} an address or a name that Nix would not take, a path out of the repository, or a file named twice.
 */
export function renderFlake(parts: FlakeParts): Map<string, string> {
  const { settings, nixpkgs } = parts;
  if (!/^[A-Za-z][A-Za-z0-9+.-]*:[A-Za-z0-9._~:/?=&%@+-]+$/.test(nixpkgs)) {
    throw new TypeError(
      `nixpkgs: ${JSON.stringify(nixpkgs)} is no flake reference; write e.g. github:NixOS/nixpkgs/nixos-26.05`,
    );
  }
  if (!/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(settings.hostName)) {
    throw new TypeError(`hostName: ${JSON.stringify(settings.hostName)} is not a host name (a-z, 0-9 and -)`);
  }
  const files = new Map<string, string>();
  const add = (path: string, text: string): void => {
    if (
      path.startsWith('/') ||
      path.split('/').some((part) => part === '' || part === '.' || part === '..')
    ) {
      throw new TypeError(`${path} is not a path inside the repository`);
    }
    if (files.has(path)) throw new TypeError(`${path} is in the repository twice`);
    files.set(path, text);
  };
  for (const [path, text] of parts.template) {
    add(
      path.replace(/^hosts\/template\//, `hosts/${settings.hostName}/`),
      path === 'flake.nix' ? text.replace('@nixpkgs@', nixpkgs) : text,
    );
  }
  for (const [name, text] of parts.modules) add(`modules/${name}`, text);
  for (const [path, text] of parts.files) add(path, text);
  add('settings.json', `${JSON.stringify(settings, undefined, 2)}\n`);
  for (const needed of carried(settings)) {
    if (!files.has(needed)) throw new TypeError(`the settings name ${needed}, which is not among the files`);
  }
  return new Map([...files].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The files that the modules will read because of these settings. */
function carried({ commands, loops, secrets }: HostSettings): string[] {
  return [
    ...Object.values(commands),
    ...(loops === null
      ? []
      : ['modules/loops.nix', loops.configFile, commands['loops'] ?? 'a command named loops']),
    ...(secrets === null
      ? []
      : ['modules/secrets.nix', secrets.manifest, commands['secrets'] ?? 'a command named secrets']),
  ];
}
