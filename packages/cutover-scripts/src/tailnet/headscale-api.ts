import * as z from 'zod';
import { callControl, type ControlAccess } from './control-call.ts';
import type { ControlApi, KeyStanding } from './control-api.ts';

// Absent booleans mean false. Seen of v0.29.2.
const mintedSchema = z.object({ preAuthKey: z.object({ id: z.string(), key: z.string().min(1) }) });
const keySchema = z.object({
  id: z.string(),
  key: z.string(),
  reusable: z.boolean().default(false),
  used: z.boolean().default(false),
  expiration: z.string().nullish(),
});
const keysSchema = z.object({ preAuthKeys: z.array(keySchema).default([]) });
const nodesSchema = z.object({
  nodes: z
    .array(
      z.object({
        id: z.string(),
        givenName: z.string().default(''),
        ipAddresses: z.array(z.string()).default([]),
        online: z.boolean().default(false),
      }),
    )
    .default([]),
});

/** headscale's API, from 0.29 on. */
export function headscaleApi(access: ControlAccess): ControlApi {
  return {
    async mint({ tags, lifetime }, signal) {
      const expiration = new Date(Date.now() + lifetime).toISOString();
      const body = { reusable: false, ephemeral: false, expiration, aclTags: tags };
      const answer = await callControl(access, { method: 'POST', path: 'preauthkey', body, signal });
      return mintedSchema.parse(answer.body).preAuthKey;
    },
    async revoke(id, signal) {
      await callControl(access, { method: 'POST', path: 'preauthkey/expire', body: { id }, signal });
    },
    async keyFacts(key, signal) {
      const visible = visiblePart(key);
      if (visible === undefined) return undefined;
      const answer = await callControl(access, { method: 'GET', path: 'preauthkey', signal });
      const found = keysSchema.parse(answer.body).preAuthKeys.find((one) => one.key.startsWith(visible));
      return found === undefined
        ? { standing: 'unknown-key', reusable: false }
        : { standing: standingOf(found), reusable: found.reusable };
    },
    async nodes(signal) {
      const answer = await callControl(access, { method: 'GET', path: 'node', signal });
      return nodesSchema.parse(answer.body).nodes.map(({ id, givenName, ipAddresses, online }) => ({
        id,
        name: givenName,
        addresses: ipAddresses,
        online,
      }));
    },
    async removeNode(id, signal) {
      await callControl(access, {
        method: 'DELETE',
        path: `node/${encodeURIComponent(id)}`,
        expected: [404],
        signal,
      });
    },
  };
}

/** What the list shows of a key: `hskey-auth-`, twelve characters and `-`. */
function visiblePart(key: string): string | undefined {
  return /^hskey-auth-.{12}-/.exec(key)?.[0];
}

function standingOf({ reusable, used, expiration }: z.infer<typeof keySchema>): KeyStanding {
  const expires = expiration === undefined || expiration === null ? Number.NaN : Date.parse(expiration);
  // As headscale looks: a one-off key that was used is that first.
  if (used && !reusable) return 'used';
  return expires <= Date.now() ? 'expired' : 'good';
}
