import { join } from 'node:path';
import type { World } from '../world/world.ts';

/** Where it is written who owns the loops, as `readOwnership` and `claimOwnership` take it. */
export function ownershipRef({ settings, forge, workDirectory }: World): {
  repository: string;
  remote: string;
  ref: string;
} {
  const { repository, ref } = settings.ownership;
  return { repository: join(workDirectory, 'ownership.git'), remote: forge.url(repository), ref };
}
