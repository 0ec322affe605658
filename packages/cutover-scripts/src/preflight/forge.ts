import { whyGitFailed } from '../world/git-failure.ts';
import type { World } from '../world/world.ts';
import { bad, type Check, good } from './check.ts';

/** The forge answers over verified ssh, and has every repository that the cutover stands on. */
export function forgeChecks({ forge, settings, gitHere }: World): Check[] {
  const repositories = [
    settings.ownership.repository,
    ...(settings.handoff === undefined ? [] : [settings.handoff.repository]),
    ...settings.repositories.map(({ repository }) => repository),
  ];
  return [
    {
      name: 'forge',
      async look(signal) {
        const answers = await Promise.all(
          [...new Set(repositories)].map(async (repository) => {
            const argv = ['git', 'ls-remote', '--heads', forge.url(repository)];
            const { exitCode, stderr } = await gitHere.run(argv, {
              reject: false,
              signal,
            });
            return exitCode === 0 ? undefined : `${repository} (${whyGitFailed(stderr)})`;
          }),
        );
        const failed = answers.filter((failure) => failure !== undefined);
        return failed.length === 0
          ? good({ repositories: answers.length })
          : bad(
              `${settings.forge.ssh.host} does not let us read ${failed.join(', ')}; see forge.ssh in the config`,
            );
      },
    },
    {
      name: 'forge commands',
      async look(signal) {
        // It changes nothing, and what runs it runs the others: to make a repository, to let a host in, to take its key away.
        const { listKeys, ssh } = settings.forge;
        try {
          return good({ keys: (await forge.fence.list(signal)).length });
        } catch (error) {
          signal.throwIfAborted();
          const why = error instanceof Error ? error.message : String(error);
          return bad(
            `${ssh.user}@${ssh.host} does not run \`${listKeys.join(' ')}\` (${why}): a key for git alone is not enough. ` +
              'Set forge.createRepository, authorizeKey, listKeys and revokeKey to what it runs, or forge.ssh to a login that may run them',
          );
        }
      },
    },
  ];
}
