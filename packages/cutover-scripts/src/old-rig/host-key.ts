import * as z from 'zod';

/** Durable: a later version reads what an earlier one wrote. */
export const hostKeySchema = z.object({
  name: z.string(),
  fingerprint: z.string(),
  publicKey: z.string(),
  repositories: z.array(z.string()).exactOptional(),
});

/** A key of a host that the forge lets in, or did before it was revoked. */
export type HostKey = {
  readonly name: string;
  readonly fingerprint: string;
  readonly publicKey: string;
  /** Where it may push, on a forge that gives keys to each repository. */
  readonly repositories?: readonly string[];
};

/** Each key once under each of its names, with all repositories that it was seen in. */
export function withoutTwins(keys: readonly HostKey[]): HostKey[] {
  const found = new Map<string, HostKey>();
  for (const key of keys) {
    const id = `${key.fingerprint} ${key.name}`;
    const repositories = [...new Set([...(found.get(id)?.repositories ?? []), ...(key.repositories ?? [])])];
    found.set(id, repositories.length === 0 ? key : { ...key, repositories });
  }
  return [...found.values()];
}
