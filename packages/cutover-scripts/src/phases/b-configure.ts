import type { Evidence, Step } from '@cutover/runbook';
import { deploy } from '@cutover/nix-deploy';
import {
  collect,
  encryptIntoRepo,
  placeBootstrapKey,
  proveDecryptable,
  readBootstrapIdentities,
  type SecretVerdict,
  verifySecrets,
} from '@cutover/secrets';
import { knownValues, scanGit } from '@cutover/secrets/scan';
import { forgeName } from '../forge/settings.ts';
import { configurationFiles } from '../new-host/configuration-files.ts';
import { LeakError } from '../new-host/leak-error.ts';
import { provenanceFiles } from '../new-host/provenance.ts';
import { lockInputs } from '../new-host/lock-inputs.ts';
import { bootService, tmuxService } from '../rig/rig.ts';
import {
  configurationFolder,
  deployedSystems,
  recordDeployed,
  sendConfiguration,
} from '../new-host/toplevel.ts';
import { reachNewHost } from '../new-host/reach-new-host.ts';
import { unitState } from '../new-host/unit-state.ts';
import { whyNotOurs } from '../new-host/whose-repository.ts';
import { loopbackPorts } from '../tailnet/exposed-ports.ts';
import { joinByConfig } from '../tailnet/join-by-config.ts';
import { leaveTailnet, withoutInstance } from '../tailnet/leave.ts';
import { newHostStanding } from '../tailnet/new-host-standing.ts';
import { tailnetMode } from '../tailnet/standing.ts';
import { removeFiles, writeFiles } from '../world/configuration-repository.ts';
import { whyGitFailed } from '../world/git-failure.ts';
import { readOwner } from '../ownership/ownership.ts';
import { onOldHost } from '../ownership/pass-by.ts';
import { step } from '../world/step.ts';
import type { World } from '../world/world.ts';
import { joinTheTailnet, lookFirst, recordProvenance } from './a-provision.ts';

const phase = 'b-configure';
const second = 1000;

const createRepository = step({
  id: 'create-repository',
  version: 1,
  phase,
  title: 'make the private repository of the configuration',
  on: ['forge'],
  kind: 'compensable',
  needs: [lookFirst],
  inputs: ({ settings: { repository, forge } }) => ({ repository, forge: forgeName(forge) }),
  async check({ world, signal }) {
    const { gitHere, forge, settings } = world;
    const url = forge.url(settings.repository);
    const { exitCode, stderr } = await gitHere.run(['git', 'ls-remote', url], { reject: false, signal });
    if (exitCode === 0) {
      const reason = await whyNotOurs(world, signal);
      return reason === undefined
        ? { state: 'satisfied', evidence: { url } }
        : { state: 'conflict', evidence: { url }, reason };
    }
    // git's exit code is the same for "no such repository" and "no connection": the forge itself tells them apart.
    const answers = await forge.answers(signal);
    const evidence = { url, git: whyGitFailed(stderr) };
    return answers
      ? { state: 'absent', evidence }
      : { state: 'unknown', evidence, reason: `the forge ${forge.name} does not answer` };
  },
  apply: ({ world: { forge, settings }, signal }) => forge.createRepository(settings.repository, signal),
  leaves: 'the private repository on the forge',
  timeout: 60 * second,
});

/** The one secret that is placed by hand. It is made for this host, and never leaves it. */
const placeKey = step({
  id: 'place-bootstrap-key',
  version: 1,
  phase,
  title: 'place the one bootstrap age key',
  on: ['new host'],
  kind: 'reversible',
  needs: [joinTheTailnet],
  inputs: ({ secrets }) => ({ path: secrets.bootstrapKey }),
  async check({ world, signal }) {
    const target = await world.target(signal);
    const path = world.secrets.bootstrapKey;
    const found = await target.run(['stat', '--format=%U %a', path], { reject: false, signal });
    if (found.exitCode !== 0) return { state: 'absent', evidence: { path } };
    if (found.stdout.trim() !== 'root 400')
      return { state: 'partial', evidence: { path, found: found.stdout.trim() } };
    // Placing again keeps the key that is there, and says whom it opens files for.
    const { recipient } = await placeBootstrapKey(target, { path, signal });
    return { state: 'satisfied', evidence: { path, recipient } };
  },
  async apply({ world, signal }) {
    await placeBootstrapKey(await world.target(signal), { path: world.secrets.bootstrapKey, signal });
  },
  timeout: 60 * second,
});

const authorConfiguration = step({
  id: 'author-configuration',
  version: 1,
  phase,
  title: 'write the flake and the host configuration',
  on: ['forge'],
  kind: 'compensable',
  needs: [createRepository, recordProvenance],
  inputs: ({ settings, rigText, rootKey }) => ({
    nixos: JSON.stringify(settings.nixos),
    new: JSON.stringify(settings.new),
    rigText,
    rootKey,
  }),
  async check({ world, signal }) {
    const files = await declaredFiles(world, signal);
    const missing = await world.configuration.missing(files, signal);
    const evidence = { files: files.size, commit: (await world.configuration.head(signal)) ?? null, missing };
    return { state: missing.length === 0 ? 'satisfied' : 'absent', evidence };
  },
  async apply({ world, signal }) {
    const files = await declaredFiles(world, signal);
    await world.configuration.edit('Declare the host', (folder) => writeFiles(folder, files), signal);
  },
  leaves: 'its commits in the private repository',
  timeout: 120 * second,
});

/** What the host is, and where it came from. */
async function declaredFiles(world: World, signal: AbortSignal): Promise<Map<string, string>> {
  return new Map([...(await configurationFiles(world)), ...(await provenanceFiles(world, signal))]);
}

/** Content goes from the old host into memory here, and from there encrypted into the repository. */
const encryptSecrets = step({
  id: 'encrypt-secrets',
  version: 1,
  phase,
  title: 'encrypt the out-of-band secrets into the repository',
  on: ['old host', 'forge'],
  kind: 'compensable',
  needs: [authorConfiguration, placeKey],
  inputs: ({ secrets }) => ({ secrets: JSON.stringify(secrets) }),
  async check({ world, signal }) {
    const { secrets, configuration } = world;
    const identities = await readBootstrapIdentities(await world.target(signal), secrets.bootstrapKey, {
      signal,
    });
    await configuration.checkOut(signal);
    const proofs = await proveDecryptable(configuration.folder, secrets.secrets, identities);
    const failed = proofs.filter(({ ok }) => !ok).map(({ file, reason }) => `${file}: ${reason ?? 'no'}`);
    return {
      state: failed.length === 0 ? 'satisfied' : 'absent',
      evidence: { files: proofs.map(({ file }) => file), openedBy: 'the new host’s key alone', failed },
    };
  },
  async apply({ world, signal, evidence }) {
    const { secrets, configuration, old, here } = world;
    const { recipient } = evidence(placeKey);
    const identities = await readBootstrapIdentities(await world.target(signal), secrets.bootstrapKey, {
      signal,
    });
    const collected = await collect(old, secrets.secrets, { signal });
    await configuration.edit(
      'Carry the secrets, encrypted',
      async (folder) => {
        await encryptIntoRepo(folder, collected, {
          recipients: [...new Set([recipient, ...secrets.recipients])],
          identities,
        });
      },
      signal,
      // Between commit and push: what is found here never reaches the forge.
      async (folder) => {
        const report = await scanGit({
          host: here,
          path: folder,
          knownValues: knownValues(collected),
          signal,
        });
        if (report.findings.length > 0) throw new LeakError(report.findings);
      },
    );
  },
  // The new host's key goes with it, and the key of the next one could not open them, nor replace what it cannot open.
  async undo({ world: { secrets, configuration }, signal }) {
    const files = secrets.secrets.map(({ file }) => file);
    await configuration.edit('Take the secrets out again', (folder) => removeFiles(folder, files), signal);
  },
  leaves: 'the secrets in the history of the private repository, encrypted',
  timeout: 300 * second,
});

/** Every object of the repository, reachable or not, for every secret in five encodings. */
const scanRepository = onOldHost<Evidence>(async () => ({}))({
  id: 'scan-repository',
  version: 1,
  phase,
  title: 'prove that no plaintext is in the repository',
  on: ['here'],
  kind: 'reversible',
  inputs: ({ settings: { repository } }) => ({ repository }),
  async check({ world, signal }) {
    const { secrets, configuration, old, here } = world;
    await configuration.checkOut(signal);
    const known = knownValues(await collect(old, secrets.secrets, { signal }));
    const report = await scanGit({ host: here, path: configuration.folder, knownValues: known, signal });
    const findings = report.findings.map(({ id, where }) => `${where} ${id}`);
    const evidence = { objects: report.objects, bytes: report.bytes, values: known.length, findings };
    return report.findings.length === 0
      ? { state: 'satisfied', evidence }
      : {
          state: 'conflict',
          evidence,
          reason: 'plaintext of a secret is in the repository; see the findings',
        };
  },
  // It asks the old host, which may be gone once the loops have moved.
  holdsUntil: 'grant-ownership',
  timeout: 300 * second,
});

const lockFlakeInputs = step({
  id: 'lock-inputs',
  version: 1,
  phase,
  title: 'lock the inputs of the flake',
  on: ['new host', 'forge'],
  kind: 'compensable',
  inputs: ({ settings: { nixos } }) => ({ nixpkgs: nixos.nixpkgs }),
  async check({ world, signal }) {
    const lock = await world.configuration.read('flake.lock', signal);
    return lock === undefined
      ? { state: 'absent', evidence: {} }
      : { state: 'satisfied', evidence: { commit: (await world.configuration.head(signal)) ?? null } };
  },
  async apply({ world, signal, progress }) {
    progress('asking Nix on the new host');
    await sendConfiguration(world, signal);
    const lock = await lockInputs(await world.target(signal), signal);
    await world.configuration.edit(
      'Lock the inputs',
      (folder) => writeFiles(folder, new Map([['flake.lock', lock]])),
      signal,
    );
  },
  leaves: 'its commit in the private repository',
  timeout: 600 * second,
});

/** Built there, watched there: it restores what ran before unless a fresh connection finds it well. */
export const deployConfiguration = step({
  id: 'deploy',
  version: 1,
  phase,
  title: 'deploy the configuration',
  on: ['new host'],
  kind: 'compensable',
  needs: [lockFlakeInputs, scanRepository],
  inputs: ({ settings: { name, repository } }) => ({ name, repository }),
  async check({ world, signal }) {
    const target = await world.target(signal);
    const systems = await deployedSystems(target, signal);
    const wanted = await world.configuration.head(signal);
    const evidence = { ...systems, wanted: wanted ?? null };
    const done =
      systems.commit === wanted && systems.system === systems.profile && systems.profile === systems.current;
    return { state: done ? 'satisfied' : 'absent', evidence };
  },
  async apply({ world, signal, progress }) {
    const { settings } = world;
    const commit = await sendConfiguration(world, signal);
    const result = await deploy(
      { name: settings.name, connect: (own) => reachNewHost(world, own ?? signal) },
      {
        source: { flake: `git+file://${configurationFolder}?rev=${commit}`, configuration: settings.name },
        healthChecks: [{ type: 'units', units: ['cutover-secrets.service'] }],
        onEvent: (event) => progress(event.type === 'step' ? event.step : event.type),
        signal,
      },
    );
    // With another network configuration it may have another address now.
    world.forgetTarget();
    await recordDeployed(await world.target(signal), { commit, system: result.system }, signal);
  },
  leaves: 'the system of the new host, which goes with the instance',
  timeout: 3600 * second,
});

/** Defined: the units are there and enabled. Not started: nothing runs, for this host is neither armed nor the owner. */
const proveHeld = step({
  id: 'prove-held',
  version: 1,
  phase,
  title: 'see that the loops are defined and not started',
  on: ['new host'],
  kind: 'reversible',
  inputs: ({ rig }) => ({ units: [tmuxService(rig.rig), bootService(rig.rig)] }),
  async check({ world, signal }) {
    const target = await world.target(signal);
    const units = [tmuxService(world.rig.rig), bootService(world.rig.rig)];
    const states = await Promise.all(units.map((unit) => unitState(target, unit, signal)));
    const undefinedUnits = states.filter(({ loaded }) => !loaded).map(({ unit }) => unit);
    const active = states.filter((state) => state.active).map(({ unit }) => unit);
    const evidence = { units, undefined: undefinedUnits, active };
    // In a move that went so far, by whatever journal, its supervisor is up and held until the grant.
    const waits = active.length > 0 && (await readOwner(world, signal))?.owner !== world.settings.name;
    if (undefinedUnits.length === 0 && (active.length === 0 || waits))
      return { state: 'satisfied', evidence };
    const reason =
      active.length > 0
        ? `${active.join(', ')} runs already on ${world.settings.name}; the loops must run on one host only`
        : `the closure lacks ${undefinedUnits.join(', ')}`;
    return { state: 'conflict', evidence, reason };
  },
  holdsUntil: 'ready-new',
  timeout: 60 * second,
});

/** Each secret at its runtime path, with its owner and mode, equal to the old host's by keyed HMAC. */
const verifySecretsInPlace = onOldHost<Evidence>(async () => ({}))({
  id: 'verify-secrets',
  version: 1,
  phase,
  title: 'verify every secret on the new host',
  on: ['old host', 'new host'],
  kind: 'reversible',
  inputs: ({ secrets }) => ({ secrets: secrets.secrets.map(({ name }) => name) }),
  async check({ world, signal }) {
    const { secrets, configuration, old } = world;
    const target = await world.target(signal);
    const identities = await readBootstrapIdentities(target, secrets.bootstrapKey, { signal });
    await configuration.checkOut(signal);
    const rows = await verifySecrets({
      config: secrets,
      from: old,
      to: [target],
      repository: configuration.folder,
      identities,
      signal,
    });
    const failed = rows
      .filter((row) => !isProved(row))
      .map(({ secret, fix }) => `${secret}: ${fix.join(', ')}`);
    const evidence = { secrets: rows.map(({ secret }) => secret), failed };
    const unknown = rows.filter((row) => isUnknown(row)).map(({ secret }) => secret);
    if (unknown.length > 0)
      return {
        state: 'unknown',
        evidence,
        reason: `${unknown.join(', ')} could not be looked at: ${failed.join('; ')}`,
      };
    return failed.length === 0
      ? { state: 'satisfied', evidence }
      : { state: 'conflict', evidence, reason: failed.join('; ') };
  },
  // It asks the old host, which may be gone once the loops have moved.
  holdsUntil: 'grant-ownership',
  timeout: 120 * second,
});

/** The way to the new host that stays, when the deploy has brought its own daemon. */
const proveTailnet = step({
  id: 'prove-tailnet',
  version: 1,
  phase,
  title: 'see that the new host is in its tailnet, under its own name',
  on: ['new host'],
  kind: 'compensable',
  inputs: ({ settings }) => ({ mode: tailnetMode(settings) }),
  async check({ world, signal }) {
    const { settings } = world;
    const mode = tailnetMode(settings);
    if (mode === 'none') return { state: 'satisfied', evidence: { mode } };
    const gone = await withoutInstance(world, signal);
    if (gone !== undefined) return gone;
    const target = await world.target(signal);
    const { node, problem } = await newHostStanding(world, target, { patience: 10 * second, signal });
    const open =
      settings.nixos.proxy?.openToTailnet === true ? [...(await loopbackPorts(target, signal))] : [];
    const evidence = { mode, state: node.state, name: node.name ?? null, openToTailnet: open };
    if (problem === undefined) return { state: 'satisfied', evidence };
    // Its daemon came with the deploy. A direct peer has joined before, and a file on the host is its unit's to use.
    if (node.state === 'fresh' && mode === 'proxy' && settings.tailnet !== undefined)
      return { state: 'absent', evidence };
    const state = problem.problem === 'control' ? 'unknown' : 'conflict';
    return { state, evidence, reason: problem.message };
  },
  // Between release and grant no control server may keep the loops from running.
  holdsUntil: 'release-ownership',
  async apply({ world, signal }) {
    await joinByConfig(world, await world.target(signal), signal);
  },
  async undo({ world, signal }) {
    const { settings } = world;
    if (tailnetMode(settings) === 'proxy' && settings.tailnet !== undefined)
      await leaveTailnet(world, await world.inside(signal), signal);
  },
  leaves:
    'where there is no tailnet.api, the node of its proxy in the list of the control server, logged out',
  timeout: 120 * second,
});

/** A host that could not be asked says nothing about its secrets. */
function isUnknown({ decryptable, inPlace, mode, owner, equal }: SecretVerdict): boolean {
  return [decryptable, inPlace, mode, owner, equal].includes('unknown');
}

function isProved({ decryptable, inPlace, mode, owner, equal }: SecretVerdict): boolean {
  return [decryptable, inPlace, mode, owner, equal].every((check) => check === 'yes');
}

/** Phase B: the new host is what its repository declares, its secrets are in place, and its loops wait. */
export const configureSteps: readonly Step<World>[] = [
  createRepository,
  placeKey,
  authorConfiguration,
  encryptSecrets,
  scanRepository,
  lockFlakeInputs,
  deployConfiguration,
  proveHeld,
  verifySecretsInPlace,
  proveTailnet,
];
