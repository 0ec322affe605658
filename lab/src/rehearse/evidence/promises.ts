import { readFile } from 'node:fs/promises';
import { parseIdentities } from '@cutover/secrets/age';
import { decryptFile } from '@cutover/secrets/sops';
import type { IncusScope } from '@cutover/incus-client';
import { expectedSecrets, rigName } from '../settings.ts';
import type { EvidenceCollector } from './collector.ts';
import { demand, type Facts, output, type Scene } from './evidence.ts';
import { instanceAsDeclared } from './instance.ts';
import {
  bootIdentity,
  clonesAreFresh,
  profileIsBuiltClosure,
  referencesEqual,
  servicesDefinedNotRunning,
} from './new-host.ts';
import { handoffReachedForge, orchestratorHasContext, ownerIs, resumePoint, sessionsRun } from './new-rig.ts';
import { oldRigStaysDown, oldTreesSafe } from './old-host.ts';
import { noPlaintextInGit, secretsInPlace } from './secrets.ts';

const units = [`loops-tmux-${rigName}.service`, `loops-${rigName}.service`];

/** What the operator looks at before approving: the new host is ready, and holds still. */
export async function beforeApproval(scene: Scene, evidence: EvidenceCollector, began: Date): Promise<void> {
  await Promise.all([
    evidence.look('the loop services are defined and not running', () =>
      servicesDefinedNotRunning(scene, units, 'agent.mjs --role|step (builder|adversary)'),
    ),
    evidence.look('the clones are fresh from the forge', () => clonesAreFresh(scene, began)),
  ]);
}

/** What must be true once `cutover run` says that all is done. */
export async function afterCutover(
  scene: Scene,
  evidence: EvidenceCollector,
  scope: IncusScope,
  { journal }: { readonly began: Date; readonly journal: string },
): Promise<void> {
  const { old, settings, signal } = scene;
  const planPhase = await resumePoint(old, settings.old.workspace, signal);
  const heads = await oldHeads(scene);
  // None of them changes what another looks at.
  await Promise.all([
    evidence.look('the instance is as declared, made over mTLS by the restricted certificate', () =>
      instanceAsDeclared(scene, scope),
    ),
    evidence.look('the system profile is the closure that was built', () => profileIsBuiltClosure(scene)),
    evidence.look('every secret is in place and equal', () => secretsInPlace(scene, expectedSecrets)),
    evidence.look('no plaintext in any git object of the forge', () =>
      noPlaintextInGit(scene, expectedSecrets),
    ),
    evidence.look('each file opens with the new host’s key alone', () => opensWithHostKey(scene)),
    evidence.look('the references are equal', () => referencesEqual(scene)),
    evidence.look('the old trees are clean and pushed', () => oldTreesSafe(scene)),
    evidence.look('the old rig stays down', () => oldRigStaysDown(scene)),
    evidence.look('the new host owns the loops', () => ownerIs(scene, settings.name)),
    evidence.look('three sessions run in the same plan phase', () => sessionsRun(scene, rigName, planPhase)),
    evidence.look('a handoff reached the forge', () => handoffReachedForge(scene, rigName, heads)),
    evidence.look('the health page answers', async () => {
      const { health } = settings;
      demand(health !== undefined, 'the config names a health page');
      const response = await fetch(health?.url ?? '', { signal });
      demand(response.status === 200, 'the health page is well', { status: response.status });
      return { status: response.status };
    }),
    evidence.look('the orchestrator session has its context', () => orchestratorHasContext(scene)),
    evidence.look('the operator’s steps were verified by probes', () => probed(journal)),
  ]);
}

/** What must have come back by itself. */
export async function afterReboot(scene: Scene, evidence: EvidenceCollector): Promise<void> {
  const { target, settings, signal } = scene;
  const planPhase = await resumePoint(target, settings.new.workspace, signal);
  await evidence.look('after the reboot: the services are active', async () => {
    for (const unit of [...units, 'cutover-secrets.service']) {
      const state = await output(target, ['systemctl', 'show', '--value', '-p', 'ActiveState', unit], signal);
      demand(state === 'active', `${unit} is active`, { state });
    }
    return { units, boot: await bootIdentity(scene) };
  });
  await evidence.look('after the reboot: the secrets are in place', () =>
    secretsInPlace(scene, expectedSecrets),
  );
  await evidence.look('after the reboot: the sessions run in the same plan phase', () =>
    sessionsRun(scene, rigName, planPhase),
  );
  await evidence.look('after the reboot: the orchestrator session is back', () =>
    orchestratorHasContext(scene),
  );
}

async function oldHeads({ old, settings, signal }: Scene): Promise<string> {
  const clone = `${settings.old.workspace}/${settings.old.clones[0] ?? ''}`;
  return output(old, ['git', '-c', 'safe.directory=*', '-C', clone, 'rev-parse', 'HEAD'], signal);
}

async function opensWithHostKey({ target, signal }: Scene): Promise<Facts> {
  const key = new TextDecoder().decode(await target.readFile('/var/lib/cutover/age-key.txt', { signal }));
  const identities = parseIdentities(key);
  const files = [...new Set(expectedSecrets.map(({ file }) => file))];
  for (const file of files) {
    const text = await output(target, ['git', '-C', '/etc/nixos', 'show', `HEAD:${file}`], signal);
    await decryptFile(new TextEncoder().encode(text), { file, identities });
  }
  return { files };
}

async function probed(journal: string): Promise<Facts> {
  const lines = (await readFile(journal, 'utf8')).split('\n').filter((line) => line !== '');
  const events = lines.map((line): Record<string, unknown> => JSON.parse(line));
  const found: Record<string, unknown> = {};
  for (const step of ['log-agent-in', 'connect-operator']) {
    const verified = events.find((event) => event['type'] === 'verified' && event['step'] === step);
    demand(verified?.['how'] === 'human', `${step} was verified by its probe`, { verified });
    found[step] = verified?.['evidence'];
  }
  return found;
}
