import { readFile } from 'node:fs/promises';
import { collect } from '@cutover/secrets';
import type { CutoverSettings, SecretValue } from '../config/schema.ts';
import { readTextSource } from '../world/text-source.ts';
import type { World } from '../world/world.ts';
import { wrongKey } from './auth-key.ts';
import type { ControlApi } from './control-api.ts';
import { controlApi } from './open-control-api.ts';
import { TailnetError } from './tailnet-error.ts';

/** The part of the config about the tailnet. */
export type TailnetSettings = NonNullable<CutoverSettings['tailnet']>;

/** An auth key that may be used for one join. */
export interface JoinKey {
  readonly key: string;
  /** Makes it useless, where it was made for this join and not used. */
  discard(): Promise<void>;
}

/** The vendor's API; that of a headscale is on its control server. */
const vendorUrl = 'https://api.tailscale.com';

/**
 * The key to join with: made now where the config says `mint`, else read from its file or secret.
 *
 * @throws {TailnetError} there is none that can be used; it is in no message.
 */
export async function joinKey(world: World, signal: AbortSignal): Promise<JoinKey> {
  const tailnet = requireTailnet(world);
  const { mint } = tailnet;
  if (mint === undefined) return { key: await givenKey(world, signal), discard: async () => {} };
  const api = await tailnetApi(world, signal);
  if (api === undefined) throw new TypeError('tailnet.mint needs tailnet.api');
  const { key, id } = await api.mint({ tags: mint.tags, lifetime: mint.expiry }, signal);
  return { key, discard: () => api.revoke(id, signal) };
}

/** The key that the config names, its shape looked at. */
export async function givenKey(world: World, signal: AbortSignal): Promise<string> {
  const { authKey } = requireTailnet(world);
  if (authKey === undefined) throw new TypeError('tailnet has no authKey');
  const { text, where } = await readSecretValue(world, 'authKey', authKey, signal);
  const problem = wrongKey(text);
  if (problem !== undefined)
    throw new TailnetError('key', world.settings.name, `tailnet.authKey: ${where} ${problem}`);
  return text.trim();
}

/** The control server as the holder of the config's token sees it; `undefined` where the config has no token. */
export async function tailnetApi(world: World, signal: AbortSignal): Promise<ControlApi | undefined> {
  const tailnet = requireTailnet(world);
  const { api, loginServer } = tailnet;
  if (api === undefined) return undefined;
  const { text, where } = await readSecretValue(world, 'api.token', api.token, signal);
  const token = text.trim();
  if (token === '' || /\s/.test(token))
    throw new TailnetError(
      'token',
      world.settings.name,
      `tailnet.api.token: ${where} must hold the token alone`,
    );
  const url = api.url ?? (api.type === 'headscale' ? loginServer : vendorUrl);
  if (url === undefined) throw new TypeError('tailnet.api has no url');
  return controlApi({
    type: api.type,
    url,
    token,
    tailnet: api.tailnet,
    authority: await authorityOf(tailnet),
  });
}

/** PEM of the authority of the control server's certificate, where the config names one. */
export async function authorityOf({ certificateAuthority }: TailnetSettings): Promise<string | undefined> {
  return certificateAuthority === undefined ? undefined : await readFile(certificateAuthority, 'utf8');
}

function requireTailnet({ settings: { tailnet } }: World): TailnetSettings {
  if (tailnet === undefined) throw new TypeError('the config has no tailnet');
  return tailnet;
}

/** The text of a value that is in a file here, is printed by a command, or is in a secret on the old host; and where that is. */
async function readSecretValue(
  { secrets, old, here, settings }: World,
  key: string,
  value: SecretValue,
  signal: AbortSignal,
): Promise<{ readonly text: string; readonly where: string }> {
  const missing = (problem: string, cause?: unknown): TailnetError =>
    new TailnetError(key === 'authKey' ? 'key' : 'token', settings.name, `tailnet.${key}: ${problem}`, {
      cause,
    });
  if (typeof value === 'string' || 'command' in value) {
    const found = await readTextSource(value, here, signal);
    if ('problem' in found) throw missing(found.problem, found.cause);
    return found;
  }
  const spec = secrets.secrets.find(({ name }) => name === value.secret);
  if (spec === undefined) throw missing(`secrets.yaml has no secret ${value.secret}`);
  const [found] = await collect(old, [spec], { signal });
  const content = new TextDecoder().decode(found?.reveal());
  if (value.variable === undefined) return { text: content, where: `the secret ${value.secret}` };
  const where = `${value.variable} of the secret ${value.secret}`;
  return { text: variableOf(content, value.variable) ?? '', where };
}

/** The value of `NAME=value` in a file of such lines; the last one counts, quotes around it are dropped. */
function variableOf(text: string, name: string): string | undefined {
  const values = text.split('\n').flatMap((line) => {
    const [, found, value = ''] = /^\s*(?:export\s+)?([A-Za-z_]\w*)=(.*)$/.exec(line) ?? [];
    return found === name ? [value.trim().replace(/^(["'])(.*)\1$/, '$2')] : [];
  });
  return values.at(-1);
}
