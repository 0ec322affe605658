import { type RenamableResources, namedResources } from '../resource/named-resources.ts';
import type { Scope } from '../scope.ts';
import type { Profile, ProfileChange, ProfileCreate } from './types.ts';

/** Profiles: configuration and devices that instances share. */
export type ProfilesArea = RenamableResources<Profile, ProfileCreate, ProfileChange>;

export function profilesArea(scope: Scope): ProfilesArea {
  return namedResources(scope, '/1.0/profiles', ({ config, devices, description }: Profile) => ({
    config,
    devices,
    description,
  }));
}
