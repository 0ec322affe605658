import type { RepositoryName } from './gitea/calls.ts';

/** Where a forge's repositories are, as URLs name it. */
export interface ForgePlace {
  /** Its address, e.g. `https://git.example.org`. */
  readonly url: string;
  readonly organization: string;
  readonly ssh: { readonly host: string; readonly port: number };
}

/**
 * Owner and name of a repository that the config names: by its name in the organization, or by a whole URL, over https or
 * ssh. `undefined`: that URL is of another server.
 */
export function repositoryName(
  repository: string,
  { url, organization, ssh }: ForgePlace,
): RepositoryName | undefined {
  if (!repository.includes(':')) return { owner: organization, name: repository };
  const found = parse(repository);
  if (found === undefined) return undefined;
  const web = new URL(url);
  const { isSsh } = found;
  const here = isSsh
    ? found.host === ssh.host.toLowerCase() && found.port === String(ssh.port)
    : found.host === hostOf(web) && found.port === portOf(web);
  // A Gitea may be below a path, over https only.
  const below = isSsh ? '' : web.pathname.replace(/\/+$/, '');
  if (!here || !found.path.startsWith(`${below}/`)) return undefined;
  const [, owner, name] = /^\/*([^/]+)\/([^/]+?)(?:\.git)?\/*$/.exec(found.path.slice(below.length)) ?? [];
  return owner !== undefined && name !== undefined ? { owner, name } : undefined;
}

function parse(repository: string) {
  if (URL.canParse(repository) && repository.includes('://')) {
    const url = new URL(repository);
    return { isSsh: url.protocol === 'ssh:', host: hostOf(url), port: portOf(url), path: url.pathname };
  }
  // git's short form, `git@HOST:OWNER/NAME.git`.
  const [, host, path] = /^(?:[^@/]+@)?([^:/]+):(.+)$/.exec(repository) ?? [];
  return host === undefined || path === undefined
    ? undefined
    : { isSsh: true, host: host.toLowerCase(), port: '22', path: `/${path}` };
}

/** In lower case, as a name is the same in either, and without the brackets of an IPv6 address. */
function hostOf({ hostname }: URL): string {
  return hostname.replaceAll(/[[\]]/g, '').toLowerCase();
}

function portOf({ protocol, port }: URL): string {
  return port || ({ 'ssh:': '22', 'https:': '443', 'http:': '80' }[protocol] ?? '');
}
