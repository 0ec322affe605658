import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { AgeIdentity } from '../age/identities.ts';

/**
 * The identities a command opens files with: those of `file` alone when it is given, else sops's own places:
 * `SOPS_AGE_KEY`, `SOPS_AGE_KEY_FILE` and the user's key file.
 */
export async function gatherIdentities(file: string | undefined): Promise<AgeIdentity[]> {
  const { parseIdentities } = await import('../age/identities.ts');
  if (file !== undefined) return parseIdentities(await readFile(file, 'utf8'), file);
  const identities: AgeIdentity[] = [];
  const inline = process.env['SOPS_AGE_KEY'];
  if (inline !== undefined && inline !== '') identities.push(...parseIdentities(inline, 'SOPS_AGE_KEY'));
  const named = process.env['SOPS_AGE_KEY_FILE'];
  if (named !== undefined && named !== '')
    identities.push(...parseIdentities(await readFile(named, 'utf8'), named));
  const config = process.env['XDG_CONFIG_HOME'] ?? join(homedir(), '.config');
  const own = join(config, 'sops', 'age', 'keys.txt');
  const text = await readFile(own, 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'))
      return undefined;
    throw error;
  });
  if (text !== undefined) identities.push(...parseIdentities(text, own));
  return identities;
}
