import { fingerprintOf } from '@cutover/cutover-scripts/forge';
import type { Gitea } from '../../gitea/start-gitea.ts';
import type { EvidenceCollector } from './collector.ts';
import { demand, output, type Scene } from './evidence.ts';

/** What only a Gitea can be asked, once `cutover run` says that all is done: as its administrator, not by the bot's token. */
export async function giteaAfterCutover(
  { settings, old, forge, signal }: Scene,
  evidence: EvidenceCollector,
  { gitea, folder }: { readonly gitea: Gitea; readonly folder: string },
): Promise<void> {
  const { asAdmin, organization, bot, botToken } = gitea;
  const path = (repository: string): string => `/repos/${organization}/${repository}`;
  await evidence.look('forge: private repository made by the bot', async () => {
    const made = await asAdmin.call('GET', path(settings.repository));
    demand(made['private'] === true, 'the repository of the configuration is private', made);
    const by = await asAdmin.call('GET', `${path(settings.repository)}/collaborators/${bot}/permission`);
    demand(by['permission'] === 'admin', 'the bot, which made it, administers it', by);
    return { repository: made['full_name'] };
  });
  await evidence.look("forge: the old host's keys are revoked", async () => {
    const publicKey = await output(old, ['cat', '/home/loops/.ssh/id_ed25519.pub'], signal);
    const repositories = [
      ...new Set([settings.repository, ...settings.repositories.map(({ repository }) => repository)]),
    ];
    const keys = await Promise.all(
      repositories.map(async (repository) =>
        Object.values(await asAdmin.call('GET', `${path(repository)}/keys`)).map(
          (key) => Object(key) as { fingerprint: string; title: string; read_only: boolean },
        ),
      ),
    );
    const left = keys.flat().filter(({ fingerprint }) => fingerprint === fingerprintOf(publicKey));
    demand(left.length === 0, 'no repository has a key of the old host', { left });
    const ours = keys.map((some) =>
      some.filter(({ title, read_only }) => title === settings.name && !read_only),
    );
    demand(
      ours.every((some) => some.length === 1),
      'each repository has one key of the new host',
      { keys },
    );
    return { repositories };
  });
  await evidence.look('forge: the token is in no journal, log or report', async () => {
    const grep = ['grep', '-rlF', '--exclude=gitea-token', '--', botToken, folder];
    const { exitCode, stdout } = await forge.run(grep, { reject: false, signal });
    demand(exitCode === 1, 'no file of the run holds the token', { stdout });
    return { searched: folder };
  });
}
