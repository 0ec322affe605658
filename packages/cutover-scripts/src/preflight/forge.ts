import { whyNotOurs } from '../new-host/whose-repository.ts';
import { whyGitFailed } from '../world/git-failure.ts';
import type { World } from '../world/world.ts';
import { bad, type Check, good } from './check.ts';

/** The forge answers over verified ssh, and has every repository that the cutover stands on. */
export function forgeChecks(world: World): Check[] {
  const { forge, settings, gitHere } = world;
  const repositories = [
    settings.ownership.repository,
    settings.handoff.repository,
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
          : bad(`${forge.name} does not let us read ${failed.join(', ')}; see forge in the config`);
      },
    },
    {
      name: 'configuration repository',
      async look(signal) {
        const url = forge.url(settings.repository);
        const { exitCode } = await gitHere.run(['git', 'ls-remote', url], { reject: false, signal });
        // It is made in phase B; whether the forge lets us is another look.
        if (exitCode !== 0) return good({ url, there: false });
        const reason = await whyNotOurs(world, signal);
        return reason === undefined ? good({ url, there: true }) : bad(reason);
      },
    },
    ...forge.checks,
  ];
}
