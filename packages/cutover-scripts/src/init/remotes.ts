/** The name of a repository: the last part of its URL, without `.git`. */
export function remoteName(url: string): string {
  return (url.replace(/\/+$/, '').split(/[/:]/).at(-1) ?? '').replace(/\.git$/, '');
}

/** `ssh://user@host[:port]/folder` of a remote that is reached by ssh and names its folder. */
export function remoteRoot(url: string): string | undefined {
  const full = /^(ssh:\/\/[^/]+\/.+)\/[^/]+$/.exec(url)?.[1];
  if (full !== undefined) return full;
  const [, server, organization] =
    /^git@(github\.com|gitlab\.com|bitbucket\.org):([^/]+)\/[^/]+$/.exec(url) ?? [];
  if (organization !== undefined) return `ssh://git@${server}/${organization}`;
  // As scp writes it: only an absolute folder is known to be the same for each user.
  const [, login, folder] = /^([^/:@]+@[^/:]+):(\/.+)\/[^/]+$/.exec(url) ?? [];
  return login === undefined || folder === undefined ? undefined : `ssh://${login}${folder}`;
}
