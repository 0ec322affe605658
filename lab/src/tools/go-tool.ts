import { access, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { localHost } from '@cutover/host';
import { cacheFolder } from '../folders.ts';
import { lock } from '../lock.ts';

/** A program that the Go module proxy has the source of. */
export interface GoTool {
  /** The binary's name, e.g. `sops`. */
  readonly name: string;
  /** The package to install, e.g. `github.com/getsops/sops/v3/cmd/sops`. */
  readonly module: string;
  readonly version: string;
}

/** The real sops, to hold our files against. */
export const sops: GoTool = {
  name: 'sops',
  module: 'github.com/getsops/sops/v3/cmd/sops',
  version: 'v3.13.2',
};

/**
 * The path of a tool built from source, cached by version outside the checkout. The first build takes minutes.
 *
 * @returns `undefined` where Go is not installed: what needs the tool is then skipped and says so.
 */
export async function ensureGoTool(
  tool: GoTool,
  options: { signal?: AbortSignal; onProgress?: (text: string) => void } = {},
): Promise<string | undefined> {
  const { name, module, version } = tool;
  const folder = join(cacheFolder(), 'tools', `${name}-${version}`);
  const binary = join(folder, name);
  if (await exists(binary)) return binary;
  await using machine = localHost();
  if ((await machine.run(['go', 'version'], { reject: false })).exitCode !== 0) return undefined;
  await using _turn = await lock(`go-${name}-${version}`, options.signal);
  if (await exists(binary)) return binary;
  options.onProgress?.(`building ${name} ${version} from source, once`);
  const work = `${folder}.part`;
  await rm(work, { recursive: true, force: true });
  await mkdir(work, { recursive: true });
  const { exitCode, stderr } = await machine.run(['go', 'install', `${module}@${version}`], {
    env: { GOBIN: work, CGO_ENABLED: '0' },
    reject: false,
    ...(options.signal && { signal: options.signal }),
  });
  if (exitCode !== 0)
    throw new Error(
      `go install ${module}@${version} failed:\n${stderr.trim().split('\n').slice(-5).join('\n')}`,
    );
  await rm(folder, { recursive: true, force: true });
  await rename(work, folder);
  return binary;
}

/** The real sops, where Go is; see {@link ensureGoTool}. */
export function ensureSops(
  options: { signal?: AbortSignal; onProgress?: (text: string) => void } = {},
): Promise<string | undefined> {
  return ensureGoTool(sops, options);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
