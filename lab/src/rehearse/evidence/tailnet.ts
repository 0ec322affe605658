import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { asUser, type Host } from '@cutover/host';
import type { IncusScope } from '@cutover/incus-client';
import type { LabTailnet } from '../../tailnet/lab-tailnet.ts';
import type { EvidenceCollector } from './collector.ts';
import { answer, demand, type Facts, output, type Scene } from './evidence.ts';

/** What the old rig has: the looked-after server, through its SOCKS proxy. */
export async function beforeInTailnet(
  scene: Scene,
  evidence: EvidenceCollector,
  tailnet: LabTailnet,
): Promise<void> {
  await evidence.look('tailnet: reached through the proxy before', async () => {
    const { old, settings, signal } = scene;
    const loops = asUser(old, settings.old.user);
    const way = await proxyCommand(loops, signal);
    demand(way.includes('127.0.0.1:1055'), 'the old host goes through its proxy', { way });
    return { way, from: await seenFrom(loops, 'pi', tailnet, signal) };
  });
}

export async function afterCutoverInTailnet(
  scene: Scene,
  evidence: EvidenceCollector,
  tailnet: LabTailnet,
  scope: IncusScope,
  folders: readonly string[],
): Promise<void> {
  const { target, settings, signal } = scene;
  await evidence.look('tailnet: joined by a one-off key', async () => {
    const node = (await tailnet.control.nodes()).find(({ name }) => name === settings.name);
    demand(node?.online === true, 'the control server sees the new host, by its name', { node });
    const key = await newestKey(tailnet);
    demand(key.used && !key.reusable, 'its key was a one-off one', { ...key });
    return { name: node?.name, addresses: node?.addresses, tags: node?.tags };
  });
  await evidence.look('tailnet: reached directly after', async () => {
    const loops = asUser(target, settings.new.user);
    const way = await proxyCommand(loops, signal);
    demand(way === '', 'the new host goes through no proxy', { way });
    const from = await seenFrom(loops, settings.name, tailnet, signal);
    const pong = await output(target, ['tailscale', 'ping', '-c', '5', '--timeout', '5s', 'ccci'], signal);
    demand(/ via \d+\.\d+\.\d+\.\d+:\d+ /.test(pong), 'no relay is between them', { pong });
    return { from, pong: pong.split('\n').at(-1) };
  });
  await evidence.look('tailnet: the key is spent and gone', async () => {
    const { beginning } = await newestKey(tailnet);
    const instance = await scope.instances.get(settings.name, { signal });
    demand(!JSON.stringify(instance).includes(beginning), "the key is not in the instance's config");
    const places = ['/etc', '/var', '/root', '/home', '/run', '/srv', '/tmp', '/nix/var'];
    const there = await answer(target, ['grep', '-rslF', '--', beginning, ...places], signal);
    demand(there === '', 'the key is in no file of the new host', { there });
    const journal = await answer(
      target,
      ['sh', '-c', 'journalctl | grep -cF -- "$1"', 'sh', beginning],
      signal,
    );
    demand(journal === '0', 'the key is not in its journal', { journal });
    const here = await filesWith(beginning, folders);
    // The control server itself keeps a beginning of each key, to know it by.
    const others = here.filter((file) => !/\/control\/db\.sqlite(?:-wal|-shm)?$/.test(file));
    demand(others.length === 0, 'the key is in no file of the run', { others });
    return { searched: [...places, 'the journal', 'the instance', 'the state of the run', 'the logs'] };
  });
}

/** It came back without a new key. */
export async function afterRebootInTailnet(
  scene: Scene,
  evidence: EvidenceCollector,
  tailnet: LabTailnet,
): Promise<void> {
  await evidence.look('tailnet: back by itself', async () => {
    const { target, settings, signal } = scene;
    const nodes = (await tailnet.control.nodes()).filter(({ asked }) => asked === settings.name);
    demand(nodes.length === 1 && nodes[0]?.online === true, 'the same node is online again', { nodes });
    const keys = await tailnet.control.keys();
    const spent = keys.filter(({ beginning }) => beginning !== '').length;
    const from = await seenFrom(asUser(target, settings.new.user), settings.name, tailnet, signal);
    return { from, keys: spent };
  });
}

export async function afterUndoInTailnet(
  scene: Scene,
  evidence: EvidenceCollector,
  tailnet: LabTailnet,
): Promise<void> {
  await evidence.look('tailnet: after the rollback its node is gone, and its name is free', async () => {
    const nodes = await tailnet.control.nodes();
    const own = nodes.filter(({ asked }) => asked === scene.settings.name);
    demand(own.length === 0, 'the control server has no node of the new host', { own });
    return { nodes: nodes.map(({ name }) => name) };
  });
}

/** How ssh goes to the looked-after server; empty where it goes there by itself. */
async function proxyCommand(host: Host, signal: AbortSignal): Promise<string> {
  const config = await output(host, ['ssh', '-G', 'cc-ci'], signal);
  return /^proxycommand (.*)$/m.exec(config)?.[1] ?? '';
}

/** Whom the looked-after server sees when `host` logs in there: the address in the tailnet that is `name`'s. */
async function seenFrom(
  host: Host,
  name: string,
  { control }: LabTailnet,
  signal: AbortSignal,
): Promise<string> {
  const said = await output(host, ['ssh', '-n', 'cc-ci', 'echo $SSH_CONNECTION'], signal);
  const [from = ''] = said.split(' ');
  const node = (await control.nodes()).find((one) => one.name === name);
  demand(node?.addresses.includes(from) === true, `the server sees ${name}'s address in the tailnet`, {
    said,
  });
  return from;
}

async function newestKey({
  control,
}: LabTailnet): Promise<Facts & { beginning: string; used: boolean; reusable: boolean }> {
  const key = (await control.keys()).toSorted((a, b) => Number(a.id) - Number(b.id)).at(-1);
  demand(key !== undefined && key.beginning.length > 'hskey-auth-'.length, 'the control server has the key', {
    ...key,
  });
  return { beginning: key?.beginning ?? '', used: key?.used === true, reusable: key?.reusable === true };
}

/** The files below `folders` of this machine that have `text` in them. */
async function filesWith(text: string, folders: readonly string[]): Promise<string[]> {
  const grep = promisify(execFile)('grep', ['-rslF', '--', text, ...folders]);
  const found = await grep.catch((error: { code?: number; stdout: string }) => {
    if (error.code === 1) return error;
    throw error;
  });
  return found.stdout.split('\n').filter((file) => file !== '');
}
