import { dirname, join, relative } from 'node:path';
import { type SecretsConfig, formatOfSecret, runtimePath } from '../move/config.ts';

/** Where the manifest and the repository are, and how many generations the host keeps. */
export interface RenderOptions {
  /** Where the manifest itself will be in the repository; the sops files are named from its folder. */
  readonly manifest?: string | undefined;
  /** The repository's absolute path on the host, for sops-nix's own installer, which takes no relative paths. */
  readonly repository?: string | undefined;
  /** Default 1. */
  readonly keepGenerations?: number | undefined;
}

/** A manifest as JSON, complete, so that sops-nix's own installer takes it as well. */
export interface RenderedManifest {
  readonly secrets: readonly {
    readonly name: string;
    readonly key: string;
    readonly path: string;
    readonly owner?: string | undefined;
    readonly uid?: number | undefined;
    readonly group?: string | undefined;
    readonly gid?: number | undefined;
    readonly sopsFile: string;
    readonly format: string;
    readonly mode: string;
    readonly restartUnits: readonly string[];
    readonly reloadUnits: readonly string[];
  }[];
  readonly [field: string]: unknown;
}

/**
 * The sops-nix manifest of a config. The same config gives the same manifest.
 *
 * @example
 * const manifest = renderManifest(await loadSecretsConfig('secrets.yaml'));
 */
export function renderManifest(config: SecretsConfig, options: RenderOptions = {}): RenderedManifest {
  const { manifest = 'secrets/manifest.json', repository, keepGenerations = 1 } = options;
  return {
    secrets: config.secrets.map((spec) => ({
      name: spec.name,
      key: spec.key ?? '',
      path: runtimePath(spec),
      ...(/^\d+$/.test(spec.owner) ? { uid: Number(spec.owner) } : { owner: spec.owner }),
      ...groupFields(spec.group),
      sopsFile:
        repository === undefined ? relative(dirname(manifest), spec.file) : join(repository, spec.file),
      format: formatOfSecret(spec),
      mode: spec.mode,
      restartUnits: spec.restartUnits,
      reloadUnits: spec.reloadUnits,
    })),
    templates: [],
    placeholderBySecretName: {},
    secretsMountPoint: '/run/secrets.d',
    symlinkPath: '/run/secrets',
    keepGenerations,
    sshKeyPaths: [],
    gnupgHome: '',
    ageKeyFile: config.bootstrapKey,
    ageSshKeyPaths: [],
    useTmpfs: false,
    userMode: false,
    logging: { keyImport: false, secretChanges: true },
  };
}

function groupFields(group: string | undefined): { group?: string; gid?: number } {
  if (group === undefined) return {};
  return /^\d+$/.test(group) ? { gid: Number(group) } : { group };
}
