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
  const here =
    found.scheme === 'ssh:'
      ? found.host === ssh.host && found.port === String(ssh.port)
      : found.host === new URL(url).hostname && found.port === portOf(new URL(url));
  const [, owner, name] = /^\/*([^/]+)\/([^/]+?)(?:\.git)?\/*$/.exec(found.path) ?? [];
  return here && owner !== undefined && name !== undefined ? { owner, name } : undefined;
}

function parse(repository: string) {
  if (URL.canParse(repository) && repository.includes('://')) {
    const url = new URL(repository);
    return { scheme: url.protocol, host: url.hostname, port: portOf(url), path: url.pathname };
  }
  // git's short form, `git@HOST:OWNER/NAME.git`.
  const [, host, path] = /^(?:[^@/]+@)?([^:/]+):(.+)$/.exec(repository) ?? [];
  return host === undefined || path === undefined
    ? undefined
    : { scheme: 'ssh:', host, port: '22', path: `/${path}` };
}

function portOf({ protocol, port }: URL): string {
  return port || ({ 'ssh:': '22', 'https:': '443', 'http:': '80' }[protocol] ?? '');
}
