import type { Step } from '@cutover/runbook';
import { ensureAbsent, ensureInstance, isRunning, waitReady } from '@cutover/incus-client';
import { describeOwnership, grantOwnership, OwnershipRegressedError } from '@cutover/loops';
import { forgeName } from '../forge/settings.ts';
import { seenByNewHost } from '../ownership/seen-by-new-host.ts';
import { preflight } from '../preflight/preflight.ts';
import { imageFacts, lackingInImage, suppliable, supply } from '../new-host/image-facts.ts';
import { instanceDifferences, instanceLabel, instanceRequest } from '../new-host/instance.ts';
import { noteOperation, noteProvenance, provenanceOf } from '../new-host/provenance.ts';
import { ownershipRef, readOwner } from '../ownership/ownership.ts';
import { joinByConfig } from '../tailnet/join-by-config.ts';
import { leaveTailnet, withoutInstance } from '../tailnet/leave.ts';
import { newHostStanding } from '../tailnet/new-host-standing.ts';
import { tailnetMode } from '../tailnet/standing.ts';
import { step } from '../world/step.ts';
import type { World } from '../world/world.ts';

const phase = 'a-provision';
const second = 1000;

/** A unit that failed is of no matter here. */
const booted = { ipv4: true, systemd: 'degraded' } as const;

/** Looks at everything that can be wrong before anything is changed, and names all of it at once. */
export const lookFirst = step({
  id: 'preflight',
  version: 1,
  phase,
  title: 'look at everything before anything is changed',
  kind: 'reversible',
  needs: [],
  inputs: ({ settings: { incus, old, forge } }) => ({
    incus: incus.url,
    old: old.ssh.host,
    forge: forgeName(forge),
  }),
  async check({ world, signal, progress }) {
    const evidence: Record<string, string> = {};
    const problems: string[] = [];
    for await (const finding of preflight(world, signal)) {
      progress(finding.name);
      evidence[finding.name] = finding.ok ? 'ok' : (finding.reason ?? 'failed');
      if (!finding.ok) problems.push(`${finding.name}: ${finding.reason ?? 'failed'}`);
    }
    return problems.length === 0
      ? { state: 'satisfied', evidence }
      : { state: 'conflict', evidence, reason: problems.join('\n') };
  },
  // What it looked at changes from here on, and rightly.
  holdsUntil: 'create-instance',
  timeout: 120 * second,
});

const createInstance = step({
  id: 'create-instance',
  version: 1,
  phase,
  title: 'create the instance, or adopt the one that is ours',
  on: ['Incus server'],
  kind: 'reversible',
  inputs: ({ settings, rootKey }) => ({
    project: settings.incus.project,
    request: JSON.stringify(instanceRequest(settings, rootKey)),
  }),
  async check({ world, signal }) {
    const { settings, rootKey } = world;
    const { name } = settings;
    const incus = await world.incus(signal);
    if (!(await incus.instances.exists(name, { signal }))) return { state: 'absent', evidence: {} };
    const found = await incus.instances.get(name, { signal });
    const evidence = {
      project: found.project,
      created: found.created_at,
      image: found.config['volatile.base_image'] ?? null,
      memory: found.config['limits.memory'] ?? null,
      cpus: found.config['limits.cpu'] ?? null,
      disk: found.expanded_devices['root']?.['size'] ?? null,
      status: found.status,
    };
    const ours = Object.entries(instanceLabel(settings)).every(([key, value]) => found.config[key] === value);
    if (!ours) {
      const reason = `there is an instance ${name} in project ${found.project} that this cutover did not make; choose another name, or remove it`;
      return { state: 'conflict', evidence, reason };
    }
    const differing = instanceDifferences(found, settings, rootKey);
    if (differing.length > 0) {
      const reason = `the instance ${name} is ours, but differs from the config in ${differing.join(', ')}; change the config or the instance`;
      return { state: 'conflict', evidence, reason };
    }
    return { state: isRunning(found) ? 'satisfied' : 'partial', evidence };
  },
  async apply({ world, signal }) {
    const { settings, rootKey } = world;
    const incus = await world.incus(signal);
    // One that a killed run left half-made is waited for, so no operation has to be remembered.
    const request = instanceRequest(settings, rootKey);
    const { operation } = await ensureInstance(incus, request, instanceLabel(settings), { signal });
    if (operation !== undefined) await noteOperation(incus, settings.name, operation, signal);
  },
  async undo({ world, signal }) {
    await ensureAbsent(await world.incus(signal), world.settings.name, instanceLabel(world.settings), {
      signal,
    });
  },
  timeout: 600 * second,
});

/** What the image lacks is named with its fix, all at once; what cloud-init or a first connection would do is done here. */
const prepareInstance = step({
  id: 'prepare-instance',
  version: 1,
  phase,
  title: 'see what the image lacks, and let ourselves in',
  on: ['new host'],
  kind: 'reversible',
  inputs: ({ settings, rootKey }) => ({
    name: settings.name,
    image: settings.instance.image,
    rootKey,
    joins: tailnetMode(settings) === 'direct',
  }),
  async check({ world, signal }) {
    const { settings, rootKey } = world;
    const { name } = settings;
    await waitReady(await world.incus(signal), name, booted, { timeout: 300 * second, signal });
    const facts = await imageFacts(await world.inside(signal), rootKey, signal);
    const { sshd = null, nix = null, cloudInit, networkd } = facts;
    const network = networkd
      ? 'systemd-networkd'
      : 'not networkd: the first deploy may change the address, and the run goes on at the new one';
    const missing = suppliable(facts, name);
    const evidence = { cloudInit, sshd, nix, network, missing };
    const lacking = lackingInImage(facts, { tailscale: tailnetMode(settings) === 'direct' });
    if (lacking.length > 0) {
      const reason = `${name} was made from ${settings.instance.image}, which is not enough: ${lacking.join('; ')}. See docs/nixos.md, "What an image must have"`;
      return { state: 'conflict', evidence, reason };
    }
    return { state: missing.length === 0 ? 'satisfied' : 'absent', evidence };
  },
  async apply({ world, signal }) {
    await supply(await world.inside(signal), world.settings.name, world.rootKey, signal);
  },
  // From then on it is what its configuration says.
  holdsUntil: 'deploy',
  timeout: 330 * second,
});

/** Running is not ready: an address, the boot and cloud-init at their end, and ssh with the very host key that is inside. */
export const waitUntilReady = step({
  id: 'wait-ready',
  version: 1,
  phase,
  title: 'wait until the new host is really ready',
  on: ['new host'],
  kind: 'reversible',
  inputs: ({ settings }) => ({ name: settings.name }),
  async check({ world, signal }) {
    const { settings, rootKey } = world;
    const incus = await world.incus(signal);
    const inside = await world.inside(signal);
    const { cloudInit } = await imageFacts(inside, rootKey, signal);
    const conditions = cloudInit ? { ipv4: true, cloudInit: true } : booted;
    const ready = await waitReady(incus, settings.name, conditions, { timeout: 300 * second, signal });
    // A direct peer may be reached by its name in the tailnet, which leads to it when it has joined: the next step looks.
    const host = tailnetMode(settings) === 'direct' ? inside : await world.target(signal);
    const { stdout } = await host.run(['hostname'], { signal });
    const evidence = {
      address: ready.ipv4 ?? null,
      cloudInit: ready.cloudInit ?? 'none',
      hostname: stdout.trim(),
    };
    if (stdout.trim() === settings.name) return { state: 'satisfied', evidence };
    const reason = `the host that answers calls itself ${stdout.trim()}, not ${settings.name}`;
    return { state: 'conflict', evidence, reason };
  },
  timeout: 330 * second,
});

export const joinTheTailnet = step({
  id: 'join-tailnet',
  version: 1,
  phase,
  title: 'join the tailnet',
  on: ['new host'],
  kind: 'compensable',
  inputs: ({ settings }) => ({ mode: tailnetMode(settings), server: settings.tailnet?.loginServer }),
  async check({ world, signal }) {
    const { settings } = world;
    const mode = tailnetMode(settings);
    if (mode === 'none') return { state: 'satisfied', evidence: { tailnet: 'none configured' } };
    if (mode === 'proxy')
      return { state: 'satisfied', evidence: { tailnet: 'joined when the proxy is deployed' } };
    const gone = await withoutInstance(world, signal);
    if (gone !== undefined) return gone;
    // By way of Incus: by its name in the tailnet it is reached only afterwards.
    const inside = await world.inside(signal);
    const { node, problem } = await newHostStanding(world, inside, { patience: 10 * second, signal });
    const evidence = { state: node.state, name: node.name ?? null, addresses: [...node.addresses] };
    if (node.state === 'fresh') return { state: 'absent', evidence };
    if (problem !== undefined) {
      // Its control server does not answer: that says nothing about the node, and a second key would be spent in vain.
      const state = problem.problem === 'control' ? 'unknown' : 'conflict';
      return { state, evidence, reason: problem.message };
    }
    await (await world.target(signal)).run(['true'], { signal });
    return { state: 'satisfied', evidence: { ...evidence, reached: 'by ssh' } };
  },
  // Between release and grant no control server may keep the loops from running.
  holdsUntil: 'release-ownership',
  async apply({ world, signal }) {
    await joinByConfig(world, await world.inside(signal), signal);
  },
  async undo({ world, signal }) {
    if (tailnetMode(world.settings) === 'direct')
      await leaveTailnet(world, await world.inside(signal), signal);
  },
  leaves: 'where there is no tailnet.api, its node in the list of the control server, logged out',
  timeout: 120 * second,
});

/** On the instance itself, so that anyone who finds it can tell where it is from. */
export const recordProvenance = step({
  id: 'record-provenance',
  version: 1,
  phase,
  title: 'record where the instance came from',
  on: ['Incus server'],
  kind: 'reversible',
  inputs: ({ settings }) => ({ image: settings.instance.image }),
  async check({ world, signal }) {
    const incus = await world.incus(signal);
    const found = provenanceOf(await incus.instances.get(world.settings.name, { signal }));
    return found === undefined
      ? { state: 'absent', evidence: {} }
      : { state: 'satisfied', evidence: { provenance: { ...found } } };
  },
  async apply({ world, signal, runId }) {
    await noteProvenance(world, runId, signal);
  },
  timeout: 60 * second,
});

/** Without an owner on record any host might be it: the old host is written down as the first. */
const recordOwner = step({
  id: 'record-owner',
  version: 1,
  phase,
  title: 'write down that the old host owns the loops',
  on: ['forge'],
  kind: 'compensable',
  // An absent ref is a first run only where the new host has seen none either, so it must answer, in its tailnet if need be.
  needs: [joinTheTailnet],
  inputs: ({ settings: { old, ownership } }) => ({ owner: old.name, ref: ownership.ref }),
  async check({ world, signal }) {
    const { settings } = world;
    const found = await readOwner(world, signal);
    if (found === undefined) {
      const seen = await seenByNewHost(world, signal);
      if (seen !== undefined)
        throw new OwnershipRegressedError(ownershipRef(world).remote, seen.epoch, found);
      return { state: 'absent', evidence: {} };
    }
    const evidence = { owner: found.owner ?? null, epoch: found.epoch };
    const last = found.state === 'held' ? found.owner : found.from;
    return last === settings.old.name || last === settings.name
      ? { state: 'satisfied', evidence }
      : {
          state: 'conflict',
          evidence,
          reason: `the loops are ${describeOwnership(found)}, which is neither host of this cutover`,
        };
  },
  async apply({ world, signal, runId }) {
    const { settings, gitHere } = world;
    await grantOwnership(gitHere, {
      ...ownershipRef(world),
      expected: undefined,
      to: settings.old.name,
      run: runId,
      lease: settings.ownership.lease,
      signal,
    });
  },
  async verify({ world, signal, owner }) {
    const found = await readOwner(world, signal);
    if (found === undefined)
      throw new Error('the forge has no owner of the loops on record, although it was just written');
    await owner(found.owner ?? 'no host', found.epoch);
    return { owner: found.owner ?? null, epoch: found.epoch };
  },
  leaves: 'the old host on record as the owner, which it is',
  timeout: 60 * second,
});

/** Phase A: an instance that is ours, ready and reachable. Reversible, and safe while the old rig works on. */
export const provisionSteps: readonly Step<World>[] = [
  lookFirst,
  createInstance,
  prepareInstance,
  waitUntilReady,
  joinTheTailnet,
  recordProvenance,
  recordOwner,
];
