import type { World } from '../world/world.ts';
import { bad, type Check, good } from './check.ts';

/** The forge answers over verified ssh, and has every repository that the cutover stands on. */
export function forgeChecks({ forge, settings, gitHere }: World): Check[] {
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
            return exitCode === 0 ? undefined : `${repository} (${lastLine(stderr)})`;
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
  ];
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
