import { bad, type Check, good } from '../../preflight/check.ts';
import { rigRepositories, type ForgeSettings } from '../settings.ts';
import {
  findRepository,
  mayCreate,
  probeScope,
  type RepositoryName,
  seesOrganization,
  whoAmI,
} from './calls.ts';
import type { GiteaClient } from './client.ts';
import { GiteaAnswerError } from './errors.ts';

/** What doctor looks at. */
export interface GiteaChecksOptions {
  readonly gitea: GiteaClient;
  readonly organization: string;
  /** All repositories of the rig that are at this Gitea, by the names that the config gives them. */
  readonly repositories: ReadonlyMap<string, RepositoryName>;
  /** The one of them that the cutover makes itself. */
  readonly madeLater: string;
  readonly rig: ForgeSettings;
}

/** The scopes that a cutover needs; both writes, since newer releases ask for both to make a repository. */
export const neededScopes = ['read:user', 'write:organization', 'write:repository'] as const;

/** Whether the token can do everything that a cutover asks for. Nothing is changed. */
export function giteaChecks(options: GiteaChecksOptions): Check[] {
  return [
    {
      name: 'forge token',
      async look(signal) {
        const { gitea, organization } = options;
        const missing = await missingScopes(options, signal);
        if (missing.length > 0)
          return bad(
            `the token of forge.token lacks ${missing.length === 1 ? 'the scope' : 'the scopes'} ${missing.join(', ')}; make one with ${neededScopes.join(', ')}`,
          );
        const user = await whoAmI(gitea, signal);
        if (!(await seesOrganization(gitea, organization, signal)))
          return bad(
            `${gitea.url} shows ${user} no organization ${organization}: it is absent, or ${user} is in none of its teams`,
          );
        if (!(await mayCreate(gitea, { user, organization }, signal)) && !(await isMade(options, signal)))
          return bad(
            `${user} may not make repositories in ${organization}: put it into a team that may, or make ${options.madeLater} there and its administrator ${user}`,
          );
        return good({ user, organization });
      },
    },
    {
      name: 'forge repositories',
      async look(signal) {
        const problems = await Promise.all(
          [...options.repositories].map(([repository, name]) =>
            repositoryProblem(options, { repository, name, signal }),
          ),
        );
        const found = problems.filter((problem) => problem !== undefined);
        // Their keys are not ours to give or take; whether the old host can push there is asked from it.
        const elsewhere = rigRepositories(options.rig).filter((one) => !options.repositories.has(one));
        return found.length === 0
          ? good({
              repositories: [...options.repositories.keys()],
              ...(elsewhere.length === 0 ? {} : { elsewhere }),
            })
          : bad(found.join('; '));
      },
    },
  ];
}

/** All that are missing at once, as far as Gitea tells. */
async function missingScopes(
  { gitea, organization, repositories, madeLater }: GiteaChecksOptions,
  signal: AbortSignal,
): Promise<string[]> {
  const some = [...repositories].find(([repository]) => repository !== madeLater)?.[1];
  const answers = await Promise.all([
    lacking(whoAmI(gitea, signal)),
    lacking(probeScope(gitea, { createIn: organization }, signal)),
    ...(some === undefined ? [] : [lacking(probeScope(gitea, { keysOf: some }, signal))]),
  ]);
  return [...new Set(answers.filter((scope) => scope !== undefined))];
}

async function lacking(call: Promise<unknown>): Promise<string | undefined> {
  try {
    await call;
    return undefined;
  } catch (error) {
    if (!(error instanceof GiteaAnswerError) || error.status !== 403) throw error;
    // Another 403 is not about the token, and is found where it matters.
    return error.missingScope;
  }
}

async function isMade(options: GiteaChecksOptions, signal: AbortSignal): Promise<boolean> {
  const name = options.repositories.get(options.madeLater);
  return name !== undefined && (await findRepository(options.gitea, name, signal)) !== undefined;
}

/** Deploy keys are given and taken by who administers a repository. */
async function repositoryProblem(
  { gitea, madeLater }: GiteaChecksOptions,
  {
    repository,
    name,
    signal,
  }: { readonly repository: string; readonly name: RepositoryName; readonly signal: AbortSignal },
): Promise<string | undefined> {
  const full = `${name.owner}/${name.name}`;
  const found = await findRepository(gitea, name, signal);
  if (found === undefined)
    return repository === madeLater
      ? undefined
      : `${full} is absent, or not visible to the token of forge.token`;
  if (found.permissions?.admin !== true)
    return `the token's user does not administer ${full}, so it cannot give or take keys there: make it an administrator of that repository`;
  if (repository === madeLater && !found.private)
    return `${full} is public; make it private, or name another repository`;
  return undefined;
}
