import { fingerprintOf } from '@cutover/cutover-scripts';
import type { RigForge } from '../../gitea/rig-forge.ts';
import type { EvidenceCollector } from './collector.ts';
import { demand, type Scene } from './evidence.ts';

/** What the Gitea itself says, asked as its administrator. */
export async function afterCutoverOnGitea(
  scene: Scene,
  evidence: EvidenceCollector,
  { gitea }: RigForge,
): Promise<void> {
  const { settings, old, signal } = scene;
  await evidence.look('forge: private repository made by the bot', async () => {
    const path = `/repos/${gitea.organization}/${settings.repository}`;
    const found = await gitea.asAdmin.call('GET', path);
    demand(found['private'] === true, 'it is private', { private: found['private'] });
    const made = await gitea.asAdmin.call('GET', `${path}/collaborators/${gitea.bot}/permission`);
    demand(made['permission'] === 'admin', 'the bot is its administrator, as who made it is', {
      permission: made['permission'],
    });
    return { repository: found['full_name'], private: found['private'] };
  });
  await evidence.look('forge: the old host’s keys are revoked', async () => {
    const key = new TextDecoder().decode(await old.readFile('/home/loops/.ssh/id_ed25519.pub', { signal }));
    const own = fingerprintOf(key);
    const names = [settings.repository, ...settings.repositories.map(({ repository }) => repository)];
    const listed: Record<string, number> = {};
    for (const name of new Set(names)) {
      const keys: unknown = await gitea.asAdmin.call('GET', `/repos/${gitea.organization}/${name}/keys`);
      const prints = Array.isArray(keys) ? keys.map((one: { fingerprint: string }) => one.fingerprint) : [];
      demand(!prints.includes(own), `${name} lets the old host in no more`, { prints });
      listed[name] = prints.length;
    }
    const clone = `${settings.old.workspace}/${settings.old.clones[0] ?? ''}`;
    const argv = ['git', '-C', clone, 'push', 'origin', 'HEAD:refs/heads/late'];
    const pushed = await old.run(['runuser', '-u', settings.old.user, '--', ...argv], {
      reject: false,
      signal,
    });
    demand(
      /denied|not allowed|refused/i.test(pushed.stderr) && pushed.exitCode !== 0,
      'its push is refused',
      {
        stderr: pushed.stderr,
      },
    );
    return { keys: listed, push: 'refused' };
  });
}
