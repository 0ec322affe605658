import type { ConfigMistake, PlaceOf } from '@cutover/foundation/config-file';
import type { SecretsConfig } from '@cutover/secrets';
import type { CutoverSettings } from './schema.ts';

/** A mistake for each secret that the settings name and that secrets.yaml does not have. */
export function missingSecrets(
  { tailnet }: CutoverSettings,
  { secrets }: SecretsConfig,
  placeOf: PlaceOf,
): ConfigMistake[] {
  const named = [
    { key: ['tailnet', 'authKey', 'secret'], value: tailnet?.authKey },
    { key: ['tailnet', 'api', 'token', 'secret'], value: tailnet?.api?.token },
  ];
  return named.flatMap(({ key, value }) => {
    if (typeof value !== 'object' || !('secret' in value)) return [];
    if (secrets.some(({ name }) => name === value.secret)) return [];
    return [placeOf(key, `secrets.yaml has no secret ${value.secret}`)];
  });
}
