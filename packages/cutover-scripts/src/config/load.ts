import { withAbsolutePaths } from './absolute-paths.ts';
import { ConfigError } from './config-error.ts';
import type { CutoverSettings } from './schema.ts';

/**
 * Reads a `cutover.yaml`. Paths in it are taken from the folder it is in, and are absolute in the result; whether the
 * files are there is not looked at.
 *
 * @throws {ConfigError} it cannot be read, is not YAML, or does not fit the schema; every mistake is named at once.
 *
 * @example
 * const { name, instance } = await loadConfig('cutover.yaml');
 */
export async function loadConfig(file: string): Promise<CutoverSettings> {
  // Loaded when a file is read: an import of the package needs neither a parser nor a schema.
  const [{ mistakeLines, readConfigFile }, { cutoverSchema }] = await Promise.all([
    import('@cutover/foundation/config-file'),
    import('./schema.ts'),
  ]);
  const reading = await readConfigFile(file, cutoverSchema);
  if (!reading.ok) throw new ConfigError(mistakeLines(file, reading.mistakes));
  return withAbsolutePaths(reading.value, file);
}
