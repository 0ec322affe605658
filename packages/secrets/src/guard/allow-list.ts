import { parseConfig } from '@cutover/foundation/config-file';
import * as z from 'zod';
import { ConfigError } from '../config-error.ts';

/** The name of the list, at the top of the repository. */
export const allowListName = '.secrets-allow.yaml';

const schema = z.strictObject({
  allow: z.array(
    z.strictObject({
      file: z.string().min(1),
      finding: z.string().optional(),
      reason: z.string().min(3, 'must say why this may be committed'),
    }),
  ),
});

/** Says of a finding why it may be committed; `undefined` when it may not. */
export type AllowList = (finding: { readonly file: string; readonly detail: string }) => string | undefined;

/**
 * Reads the list of what may be committed: `allow`, each with a `file` (a folder when it ends with `/`), a `reason`, and the
 * `finding` when only that one is meant: the name of a pattern, or the key of a value.
 *
 * @throws {ConfigError} `CONFIG_INVALID`
 */
export function parseAllowList(text: string): AllowList {
  const read = parseConfig(text, schema);
  if (!read.ok) throw new ConfigError(allowListName, read.mistakes);
  return ({ file, detail }) =>
    read.value.allow.find(
      (one) =>
        (one.file.endsWith('/') ? file.startsWith(one.file) : file === one.file) &&
        (one.finding === undefined || one.finding === detail),
    )?.reason;
}
