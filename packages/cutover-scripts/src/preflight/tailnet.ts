import { isRunning } from '@cutover/incus-client';
import type { Finding } from '@cutover/runbook';
import type { ControlledNode, KeyStanding } from '../tailnet/control-api.ts';
import { badKey } from '../tailnet/key-answers.ts';
import { type TailnetNode, tailnetNode } from '../tailnet/node-state.ts';
import { probeAuthKey } from '../tailnet/probe.ts';
import { proxySocket } from '../tailnet/standing.ts';
import { TailnetError } from '../tailnet/tailnet-error.ts';
import { authorityOf, givenKey, tailnetApi, type TailnetSettings } from '../tailnet/tailnet-settings.ts';
import type { World } from '../world/world.ts';
import { bad, type Check, good } from './check.ts';

type Look = Omit<Finding, 'name'>;

/** What can be told of a tailnet before there is a node to join it. */
export function tailnetChecks(world: World): Check[] {
  const { tailnet, nixos } = world.settings;
  const { proxy } = nixos;
  const checks: Check[] = [];
  if (tailnet !== undefined)
    checks.push({ name: 'tailnet key', look: (signal) => lookAtKey(world, tailnet, signal) });
  if (tailnet?.api !== undefined)
    checks.push({ name: 'tailnet name', look: (signal) => lookAtName(world, signal) });
  if (proxy !== undefined) {
    const open = proxy.openToTailnet
      ? 'every port on the loopback address of the new host, for each peer of the tailnet'
      : 'nothing';
    checks.push({ name: 'tailnet proxy', look: async () => good({ open }) });
  }
  return checks;
}

async function lookAtKey(world: World, tailnet: TailnetSettings, signal: AbortSignal): Promise<Look> {
  try {
    return await (tailnet.mint === undefined
      ? lookAtGivenKey(world, tailnet, signal)
      : lookAtToken(world, signal));
  } catch (error) {
    if (error instanceof TailnetError) return bad(error.message);
    throw error;
  }
}

async function lookAtToken(world: World, signal: AbortSignal): Promise<Look> {
  const api = await tailnetApi(world, signal);
  await api?.nodes(signal);
  return good({
    key: 'made when the host joins',
    token: 'accepted',
    notLookedAt: 'whether the policy of the control server lets the token give these tags',
  });
}

async function lookAtGivenKey(world: World, tailnet: TailnetSettings, signal: AbortSignal): Promise<Look> {
  const found = await lookAtItself(world, tailnet, signal);
  if (found.ok || !(await hasJoined(world, signal))) return found;
  // It was for one join: afterwards it may be spent, past its time, deleted, and its file gone.
  return good({ key: 'not needed: the new host has joined' });
}

async function lookAtItself(world: World, tailnet: TailnetSettings, signal: AbortSignal): Promise<Look> {
  let key: string;
  try {
    key = await givenKey(world, signal);
  } catch (error) {
    if (error instanceof TailnetError) return bad(error.message);
    throw error;
  }
  const found = await standingOf(world, tailnet, key, signal);
  if ('why' in found)
    return good({ notLookedAt: `whether the control server still takes the key: ${found.why}` });
  const { standing, by } = found;
  return standing === 'good'
    ? good({ key: 'taken', by })
    : bad(`tailnet.authKey: ${badKey(standing)}`, { by });
}

type Answer = { readonly standing: KeyStanding; readonly by: string } | { readonly why: string };

/** To ask with the key itself would spend it, so it is asked for by its name, or by a probe that is refused for another reason. */
async function standingOf(
  world: World,
  tailnet: TailnetSettings,
  key: string,
  signal: AbortSignal,
): Promise<Answer> {
  const facts = await (await tailnetApi(world, signal))?.keyFacts(key, signal);
  if (facts !== undefined) return { standing: facts.standing, by: 'the API' };
  const { loginServer } = tailnet;
  if (loginServer === undefined || !key.startsWith('hskey-'))
    return { why: 'set tailnet.api, which can tell: a join would spend the key' };
  const probe = await probeAuthKey(world.here, {
    key,
    loginServer,
    authority: await authorityOf(tailnet),
    signal,
  });
  return 'why' in probe ? probe : { standing: probe.standing, by: 'a probe' };
}

async function lookAtName(world: World, signal: AbortSignal): Promise<Look> {
  const { name } = world.settings;
  try {
    const nodes = (await (await tailnetApi(world, signal))?.nodes(signal)) ?? [];
    const holder = nodes.find((node) => node.name === name);
    if (holder === undefined) return good({ free: name });
    const own = await ownNode(world, signal);
    if (holder.addresses.some((address) => own?.addresses.includes(address) === true))
      return good({ heldBy: 'the new host' });
    return bad(
      `the tailnet has a node ${name} already (${describe(holder)}), so the new host would get another name; ` +
        'remove or rename that node',
    );
  } catch (error) {
    if (error instanceof TailnetError) return bad(error.message);
    throw error;
  }
}

function describe({ addresses, online }: ControlledNode): string {
  const state = online === undefined ? [] : [online ? 'online' : 'offline'];
  return [...addresses.slice(0, 1), ...state].join(', ');
}

/** Whether the new host has a place in the tailnet that needs no key, also while its control server does not answer. */
async function hasJoined(world: World, signal: AbortSignal): Promise<boolean> {
  const node = await ownNode(world, signal);
  return node !== undefined && node.state !== 'refused';
}

/** The node of the new host, where there is a new host that has joined. */
async function ownNode(world: World, signal: AbortSignal): Promise<TailnetNode | undefined> {
  const { settings } = world;
  const { instances } = await world.incus(signal);
  if (!(await instances.exists(settings.name, { signal }))) return undefined;
  if (!isRunning(await instances.get(settings.name, { signal }))) return undefined;
  const node = await tailnetNode(await world.inside(signal), { socket: proxySocket(settings), signal });
  return node.state === 'fresh' || node.state === 'no-daemon' ? undefined : node;
}
