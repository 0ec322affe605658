import type { Host } from '@cutover/host';
import type { CutoverSettings } from '../config/schema.ts';

/** The parts of the config that a forge is made from. */
export type ForgeSettings = Pick<
  CutoverSettings,
  'forge' | 'repository' | 'repositories' | 'ownership' | 'handoff'
>;

/** The forge of the config, where it is of one type. */
export type ForgeOfType<Type extends ForgeSettings['forge']['type']> = Extract<
  ForgeSettings['forge'],
  { readonly type: Type }
>;

/** The machine from which a forge is reached, and where what is known of it is kept. */
export interface OpenForgeOptions {
  /** This machine. */
  readonly here: Host;
  /** Where the list of the forge's host keys is kept for ssh. */
  readonly stateDirectory: string;
}

/** What to call a forge: its name or address. */
export function forgeName(forge: ForgeSettings['forge']): string {
  if (forge.type === 'gitea') return new URL(forge.url).host;
  if (forge.type === 'git' && forge.https !== undefined) return new URL(forge.https.url).host;
  return forge.ssh?.host ?? 'the forge';
}

/** All repositories of a rig, by their names in the config, each once. */
export function rigRepositories(settings: Omit<ForgeSettings, 'forge'>): string[] {
  return [
    ...new Set([
      settings.repository,
      settings.ownership.repository,
      ...(settings.handoff === undefined ? [] : [settings.handoff.repository]),
      ...settings.repositories.map(({ repository }) => repository),
    ]),
  ];
}
