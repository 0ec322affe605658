import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, join, resolve } from 'node:path';

/** Where the state of a rig lies in its workspace, unless its config says otherwise. */
export const defaultStateDir = '.loops';

/** Linux holds 108 bytes for the path of a unix socket, its end included. */
export const longestSocketPath = 107;

/** The directories that a config names, as it names them. */
export interface PlaceWords {
  readonly workspace: string;
  readonly stateDir?: string | undefined;
  readonly runtimeDir?: string | undefined;
}

/** Those directories, absolute: a relative workspace is relative to the config's directory, the others to it. */
export function rigPlaces(
  { workspace: words, stateDir = defaultStateDir, runtimeDir }: PlaceWords,
  configPath: string,
): Required<Record<keyof PlaceWords, string>> {
  const workspace = resolve(dirname(configPath), words);
  const inWorkspace = (path: string): string => (isAbsolute(path) ? path : resolve(workspace, path));
  const state = inWorkspace(stateDir);
  return {
    workspace,
    stateDir: state,
    runtimeDir: runtimeDir === undefined ? resolve(state, 'run') : inWorkspace(runtimeDir),
  };
}

/** Where the rig's tmux server listens. */
export function tmuxSocket({ runtimeDir }: { readonly runtimeDir: string }): string {
  return join(runtimeDir, 'tmux.sock');
}

/** Where the rig's supervisor listens. */
export function controlSocket({ runtimeDir }: { readonly runtimeDir: string }): string {
  return join(runtimeDir, 'control.sock');
}

/** The folder of what a loop's adapter keeps for it: the settings of its hooks, and what they told. */
export function agentFolder({ stateDir }: { readonly stateDir: string }, loop: string): string {
  return join(stateDir, 'agents', loop);
}

/** The file that an agent may touch to say that it is at work. */
export function heartbeatFile({ runtimeDir }: { readonly runtimeDir: string }, loop: string): string {
  return join(runtimeDir, `heartbeat-${loop}`);
}

/**
 * Where the supervisor of a config listens, without parsing all of the config, which takes longer than to ask; a
 * supervisor that answers there has checked it. `undefined` when that cannot be told so easily.
 */
export async function glanceControlSocket(configPath: string): Promise<string | undefined> {
  const path = resolve(configPath);
  try {
    const words = glancePlaces(await readFile(path, 'utf8'));
    const socket = words === undefined ? undefined : controlSocket(rigPlaces(words, path));
    return Buffer.byteLength(socket ?? '') > longestSocketPath ? undefined : socket;
  } catch {
    // What reads the config in full afterwards says what is wrong with it.
    return undefined;
  }
}

/**
 * The places in a config's text. JSON is read as such. In a block mapping only its own keys begin a line, and they are
 * taken when they and their values are plain words. All else is left to a parser: a place that is missed would be
 * another rig's.
 */
export function glancePlaces(text: string): PlaceWords | undefined {
  if (/^\s*\{/.test(text)) return placesOf(JSON.parse(text));
  if (/^["'?<&*!%]/m.test(text)) return undefined;
  const found: Partial<Record<keyof PlaceWords, string>> = {};
  for (const [, key = '', value = ''] of text.matchAll(/^(\w+)[ \t]*:(?:[ \t]+(.*?))?[ \t]*\r?$/gm)) {
    if (key !== 'workspace' && key !== 'stateDir' && key !== 'runtimeDir') continue;
    if (found[key] !== undefined || !/^[\w./~-][\w./~ -]*$/.test(value)) return undefined;
    found[key] = value;
  }
  return placesOf(found);
}

function placesOf(data: unknown): PlaceWords | undefined {
  const { workspace, stateDir, runtimeDir } = Object(data) as Partial<Record<keyof PlaceWords, unknown>>;
  const isWord = (value: unknown): value is string | undefined =>
    value === undefined || typeof value === 'string';
  if (typeof workspace !== 'string' || !isWord(stateDir) || !isWord(runtimeDir)) return undefined;
  return { workspace, stateDir, runtimeDir };
}
