import * as z from 'zod';
import { saidIn } from '../../world/json-api.ts';
import type { GiteaCall, GiteaClient, GiteaReply } from './client.ts';
import { GiteaAnswerError } from './errors.ts';

/** A repository by its owner and name. */
export interface RepositoryName {
  readonly owner: string;
  readonly name: string;
}

const userSchema = z.object({ login: z.string() });

const repositorySchema = z.object({
  name: z.string(),
  full_name: z.string(),
  private: z.boolean(),
  empty: z.boolean(),
  permissions: z.object({ admin: z.boolean(), push: z.boolean() }).optional(),
});
export type GiteaRepository = z.infer<typeof repositorySchema>;

const keySchema = z.object({
  id: z.number(),
  title: z.string(),
  key: z.string(),
  fingerprint: z.string(),
  read_only: z.boolean(),
});
export type GiteaKey = z.infer<typeof keySchema>;

const permissionsSchema = z.object({ can_create_repository: z.boolean() });

/** The most that Gitea gives in one page, whatever is asked for. */
const pageSize = 50;

/** Whether it answers at all; a refusal is an answer. */
export async function isThere(gitea: GiteaClient, signal: AbortSignal): Promise<void> {
  await gitea.call({ method: 'GET', path: '/version', expected: [401, 403, 404], signal });
}

/** Who the token belongs to. */
export async function whoAmI(gitea: GiteaClient, signal: AbortSignal): Promise<string> {
  return (await read(gitea, userSchema, { method: 'GET', path: '/user', signal })).login;
}

/** `false`: there is no such organization, or it is not visible to the token. */
export async function seesOrganization(
  gitea: GiteaClient,
  organization: string,
  signal: AbortSignal,
): Promise<boolean> {
  const call = { method: 'GET', path: `/orgs/${segment(organization)}`, expected: [404], signal } as const;
  return (await gitea.call(call)).status !== 404;
}

/** Whether a user may make repositories in an organization. */
export async function mayCreate(
  gitea: GiteaClient,
  { user, organization }: { readonly user: string; readonly organization: string },
  signal: AbortSignal,
): Promise<boolean> {
  const path = `/users/${segment(user)}/orgs/${segment(organization)}/permissions`;
  return (await read(gitea, permissionsSchema, { method: 'GET', path, signal })).can_create_repository;
}

/** `undefined`: it is absent, or not visible to the token. */
export async function findRepository(
  gitea: GiteaClient,
  name: RepositoryName,
  signal: AbortSignal,
): Promise<GiteaRepository | undefined> {
  const call = { method: 'GET', path: repositoryPath(name), expected: [404], signal } as const;
  const reply = await gitea.call(call);
  return reply.status === 404 ? undefined : parsed(gitea, call, repositorySchema, reply);
}

/** @returns `false`: the name is taken, by a repository that may not be visible to the token. */
export async function createRepository(
  gitea: GiteaClient,
  { owner, name }: RepositoryName,
  signal: AbortSignal,
): Promise<boolean> {
  const body = { name, private: true, auto_init: false, default_branch: 'main' };
  const path = `/orgs/${segment(owner)}/repos`;
  return (await gitea.call({ method: 'POST', path, body, expected: [409], signal })).status !== 409;
}

/** All repositories of an organization that the token sees. */
export function repositoriesOf(
  gitea: GiteaClient,
  organization: string,
  signal: AbortSignal,
): Promise<GiteaRepository[]> {
  return allPages(gitea, repositorySchema, `/orgs/${segment(organization)}/repos`, signal);
}

/** The deploy keys of a repository. */
export function deployKeys(
  gitea: GiteaClient,
  name: RepositoryName,
  signal: AbortSignal,
): Promise<GiteaKey[]> {
  return allPages(gitea, keySchema, `${repositoryPath(name)}/keys`, signal);
}

/** What became of a key that was to be added: `title taken` by another key. */
export type AddedKey = 'added' | 'is there' | 'title taken';

/** Lets a key push to a repository. */
export async function addDeployKey(
  gitea: GiteaClient,
  name: RepositoryName,
  { title, key }: { readonly title: string; readonly key: string },
  signal: AbortSignal,
): Promise<AddedKey> {
  const path = `${repositoryPath(name)}/keys`;
  const body = { title, key, read_only: false };
  const reply = await gitea.call({ method: 'POST', path, body, expected: [422], signal });
  if (reply.status !== 422) return 'added';
  const said = saidIn(reply.body);
  if (said.includes('already been added')) return 'is there';
  if (said.includes('same name already exists')) return 'title taken';
  throw new GiteaAnswerError(gitea.url, { method: 'POST', path, status: 422, said });
}

/** Takes a key away from a repository; one that is gone already is no error. */
export async function deleteDeployKey(
  gitea: GiteaClient,
  name: RepositoryName,
  id: number,
  signal: AbortSignal,
): Promise<void> {
  await gitea.call({ method: 'DELETE', path: `${repositoryPath(name)}/keys/${id}`, expected: [404], signal });
}

/**
 * Whether the token has the scope to make repositories or to give keys. Gitea looks at the scope before it looks at what is
 * asked for, so a request that lacks everything shows it and makes nothing.
 *
 * @throws {GiteaAnswerError} it lacks the scope, which `missingScope` names.
 */
export async function probeScope(
  gitea: GiteaClient,
  what: { readonly createIn: string } | { readonly keysOf: RepositoryName },
  signal: AbortSignal,
): Promise<void> {
  const path =
    'createIn' in what ? `/orgs/${segment(what.createIn)}/repos` : `${repositoryPath(what.keysOf)}/keys`;
  // 404: not there or not visible; other calls say which. 422: what is asked for is not complete.
  await gitea.call({ method: 'POST', path, body: {}, expected: [404, 422], signal });
}

function repositoryPath({ owner, name }: RepositoryName): string {
  return `/repos/${segment(owner)}/${segment(name)}`;
}

function segment(text: string): string {
  return encodeURIComponent(text);
}

async function allPages<T>(
  gitea: GiteaClient,
  item: z.ZodType<T>,
  path: string,
  signal: AbortSignal,
): Promise<T[]> {
  const all: T[] = [];
  for (let page = 1; ; page += 1) {
    const call = { method: 'GET', path: `${path}?limit=${pageSize}&page=${page}`, signal } as const;
    const found = await read(gitea, z.array(item), call);
    all.push(...found);
    // Not a page that is not full: a server may give fewer in a page than it is asked for.
    if (found.length === 0) return all;
  }
}

async function read<T>(gitea: GiteaClient, schema: z.ZodType<T>, call: GiteaCall): Promise<T> {
  return parsed(gitea, call, schema, await gitea.call(call));
}

/** A server that is no Gitea, or a page that a proxy made, is told from an answer. */
function parsed<T>(
  gitea: GiteaClient,
  { method, path }: GiteaCall,
  schema: z.ZodType<T>,
  { status, body }: GiteaReply,
): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const said = 'not as a Gitea does: is forge.url the address of one?';
  throw new GiteaAnswerError(gitea.url, { method, path, status, said });
}
