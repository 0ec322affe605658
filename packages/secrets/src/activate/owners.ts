import { SecretsError } from '../errors.ts';
import type { Accounts } from './accounts.ts';
import type { ManifestSecret, ManifestTemplate } from './manifest.ts';

/** Whose a secret is; `undefined` where files stay this user's. */
export interface Owners {
  of(
    item: Pick<ManifestSecret | ManifestTemplate, 'owner' | 'uid' | 'group' | 'gid'>,
  ): Promise<{ uid: number; gid: number } | undefined>;
  /** The group that may list the generations' directories: `keys` of NixOS, `nogroup` elsewhere, as in sops-nix. */
  directoryGroup(): Promise<number | undefined>;
}

/** In user mode, in a dry run, or when accounts must not be looked at. */
export const ownOwners: Owners = {
  of: async () => undefined,
  directoryGroup: async () => undefined,
};

/** As in sops-nix: a name counts before a number, and without either it is root's. */
export function ownersBy(accounts: Accounts): Owners {
  return {
    of: async ({ owner = '', uid = 0, group = '', gid = 0 }) => ({
      uid: owner === '' ? uid : await accounts.user(owner),
      gid: group === '' ? gid : await accounts.group(group),
    }),
    async directoryGroup() {
      for (const name of ['keys', 'nogroup']) {
        try {
          return await accounts.group(name);
        } catch (error) {
          if (!(error instanceof SecretsError)) throw error;
        }
      }
      return 0;
    },
  };
}
