import { DeployOptionsError } from '../errors.ts';
import type { DeployConfig } from './schema.ts';

/**
 * The names of targets that are meant: a name, `@tag`, or a pattern with `*` and `?`; each once, in the order of the config
 * where a pattern or a tag stands for several. All of them where nothing is named.
 *
 * @throws {DeployOptionsError} one of them stands for no target.
 */
export function chooseTargets(
  { targets }: Pick<DeployConfig, 'targets'>,
  wanted: readonly string[],
): readonly string[] {
  const all = Object.keys(targets);
  if (wanted.length === 0) return all;
  const chosen = wanted.flatMap((word) => {
    if (Object.hasOwn(targets, word)) return [word];
    const found = all.filter((name) =>
      word.startsWith('@') ? targets[name]?.tags?.includes(word.slice(1)) === true : matches(word, name),
    );
    if (found.length > 0) return found;
    const tags = [...new Set(Object.values(targets).flatMap(({ tags: own = [] }) => own))];
    throw new DeployOptionsError(
      `there is no target ${word === '' ? '""' : word} in the config file; its targets are: ${all.join(', ') || 'none'}` +
        (tags.length === 0 ? '' : `; its tags: ${tags.map((tag) => `@${tag}`).join(', ')}`),
    );
  });
  return [...new Set(chosen)];
}

function matches(pattern: string, name: string): boolean {
  if (!/[*?]/.test(pattern)) return false;
  const source = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`).test(name);
}
