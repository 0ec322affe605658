import * as z from 'zod';
import { callControl, type ControlAccess } from './control-call.ts';
import type { ControlApi, KeyStanding } from './control-api.ts';

// By the vendor's published description of its API, v2. Not tried against it.
const mintedSchema = z.object({ id: z.string(), key: z.string().min(1) });
const keySchema = z.object({
  expires: z.string().nullish(),
  revoked: z.string().nullish(),
  invalid: z.boolean().default(false),
  capabilities: z
    .object({
      devices: z.object({ create: z.object({ reusable: z.boolean().default(false) }).optional() }).optional(),
    })
    .optional(),
});
const devicesSchema = z.object({
  devices: z
    .array(
      z.object({
        nodeId: z.string(),
        name: z.string().default(''),
        addresses: z.array(z.string()).default([]),
      }),
    )
    .default([]),
});

/** The vendor's API. */
export function vendorApi(access: ControlAccess, tailnet: string): ControlApi {
  const within = (path: string): string => `tailnet/${encodeURIComponent(tailnet)}/${path}`;
  return {
    async mint({ tags, lifetime }, signal) {
      const create = { reusable: false, ephemeral: false, preauthorized: true, tags };
      const body = {
        capabilities: { devices: { create } },
        expirySeconds: Math.max(1, Math.ceil(lifetime / 1000)),
        description: 'one join by cutover',
      };
      const answer = await callControl(access, { method: 'POST', path: within('keys'), body, signal });
      return mintedSchema.parse(answer.body);
    },
    async revoke(id, signal) {
      const path = within(`keys/${encodeURIComponent(id)}`);
      await callControl(access, { method: 'DELETE', path, expected: [404], signal });
    },
    async keyFacts(key, signal) {
      const [, id] = /^tskey-auth-([A-Za-z0-9]+)-/.exec(key) ?? [];
      if (id === undefined) return undefined;
      const answer = await callControl(access, {
        method: 'GET',
        path: within(`keys/${id}`),
        expected: [404],
        signal,
      });
      if (answer.status === 404) return { standing: 'unknown-key', reusable: false };
      const found = keySchema.parse(answer.body);
      const reusable = found.capabilities?.devices?.create?.reusable ?? false;
      return { standing: standingOf(found), reusable };
    },
    async nodes(signal) {
      const answer = await callControl(access, { method: 'GET', path: within('devices'), signal });
      return devicesSchema.parse(answer.body).devices.map(({ nodeId, name, addresses }) => ({
        id: nodeId,
        name: name.split('.')[0] ?? '',
        addresses,
        online: undefined,
      }));
    },
    async removeNode(id, signal) {
      const path = `device/${encodeURIComponent(id)}`;
      await callControl(access, { method: 'DELETE', path, expected: [404], signal });
    },
  };
}

/** `invalid` is all it says of one that was spent. */
function standingOf({ expires, revoked, invalid }: z.infer<typeof keySchema>): KeyStanding {
  const past = (time: string | null | undefined): boolean =>
    time !== undefined && time !== null && Date.parse(time) <= Date.now();
  if (past(expires) || past(revoked)) return 'expired';
  return invalid ? 'used' : 'good';
}
