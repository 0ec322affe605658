import { setTimeout as delay } from 'node:timers/promises';
import { type Fence, type FenceKey, fingerprintOf } from '../../world/fence.ts';
import {
  addDeployKey,
  deleteDeployKey,
  deployKeys,
  findRepository,
  type GiteaKey,
  type RepositoryName,
} from './calls.ts';
import type { GiteaClient } from './client.ts';

/** Milliseconds from the removal of a key until a push that was let through before has moved its ref. */
const settleTime = 2000;

/** What the fence of a Gitea covers. */
export interface GiteaFenceOptions {
  readonly gitea: GiteaClient;
  /** All repositories of the rig, by the names that the config gives them. */
  readonly repositories: ReadonlyMap<string, RepositoryName>;
  /** The one of them that the cutover makes itself: before that it has no keys. */
  readonly madeLater: string;
}

/** Deploy keys, which Gitea gives to each repository by itself: a key that is forgotten in one of them stays open there. */
export function giteaFence({ gitea, repositories, madeLater }: GiteaFenceOptions): Fence {
  const keysIn = async (repository: string, signal: AbortSignal): Promise<GiteaKey[]> => {
    const name = nameOf(repositories, repository);
    if (repository === madeLater && (await findRepository(gitea, name, signal)) === undefined) return [];
    return deployKeys(gitea, name, signal);
  };
  /** Every key of every repository. */
  const all = async (signal: AbortSignal): Promise<{ repository: string; key: GiteaKey }[]> => {
    const found = await Promise.all(
      [...repositories.keys()].map(async (repository) =>
        (await keysIn(repository, signal)).map((key) => ({ repository, key })),
      ),
    );
    return found.flat();
  };

  return {
    async grant(name, publicKey, signal, only = [...repositories.keys()]) {
      // The config may have lost a repository that a key was in.
      for (const repository of only.filter((one) => repositories.has(one)))
        await grantOne(gitea, nameOf(repositories, repository), { name, publicKey, signal });
    },
    async list(signal) {
      const keys = new Map<string, FenceKey & { repositories: string[] }>();
      for (const { repository, key } of await all(signal)) {
        if (key.read_only) continue;
        const name = nameInTitle(key.title);
        const known = keys.get(`${key.fingerprint} ${name}`);
        if (known !== undefined) known.repositories.push(repository);
        else
          keys.set(`${key.fingerprint} ${name}`, {
            name,
            fingerprint: key.fingerprint,
            repositories: [repository],
          });
      }
      return [...keys.values()];
    },
    async revoke(fingerprint, signal) {
      const open = (await all(signal)).filter(({ key }) => key.fingerprint === fingerprint && !key.read_only);
      for (const { repository, key } of open)
        await deleteDeployKey(gitea, nameOf(repositories, repository), key.id, signal);
      // A push whose pack comes from now on is refused. What was let through before moves its ref within moments, and Gitea
      // says nothing of the sessions that it has open.
      if (open.length > 0) await delay(settleTime, undefined, { signal });
    },
  };
}

/** A key that is there for reading only is replaced; one title may be another key's. */
async function grantOne(
  gitea: GiteaClient,
  repository: RepositoryName,
  {
    name,
    publicKey,
    signal,
  }: { readonly name: string; readonly publicKey: string; readonly signal: AbortSignal },
): Promise<void> {
  const fingerprint = fingerprintOf(publicKey);
  const key = publicKey.trim().split(/\s+/).slice(0, 2).join(' ');
  const there = (await deployKeys(gitea, repository, signal)).find((one) => one.fingerprint === fingerprint);
  if (there?.read_only === false) return;
  if (there !== undefined) await deleteDeployKey(gitea, repository, there.id, signal);
  const titles = [name, titleWith(name, fingerprint)];
  for (const title of titles) {
    const result = await addDeployKey(gitea, repository, { title, key }, signal);
    if (result !== 'title taken') return;
  }
  throw new Error(
    `the key of ${name} was not let in at ${gitea.url}: its deploy keys have other keys under the titles ${titles.join(' and ')}; remove one of them there`,
  );
}

/** Titles are unique in a repository, and a host may have two keys. */
function titleWith(name: string, fingerprint: string): string {
  return `${name} ${fingerprint}`;
}

function nameInTitle(title: string): string {
  return title.replace(/ SHA256:[A-Za-z0-9+/]+$/, '');
}

function nameOf(repositories: ReadonlyMap<string, RepositoryName>, repository: string): RepositoryName {
  const name = repositories.get(repository);
  if (name === undefined) throw new Error(`${repository} is not a repository of this cutover`);
  return name;
}
