import type { RigConfig } from '@cutover/loops';
import type { Host } from '@cutover/host';

/** What the loops of a rig need and do not find on a host, e.g. `builder: prompt.file /srv/x/builder.md`. */
export async function missingLoopFiles(
  user: Host,
  { loops }: RigConfig,
  signal: AbortSignal,
): Promise<string[]> {
  const needs = loops.flatMap(({ name, command, cwd, clone, prompt, environmentFile }) => {
    const [program = ''] = command;
    return [
      { name, what: 'command', test: '-x', path: program.includes('/') ? program : undefined },
      { name, what: 'cwd', test: '-d', path: cwd },
      { name, what: 'clone', test: '-d', path: clone },
      { name, what: 'prompt.file', test: '-r', path: prompt?.file },
      { name, what: 'environmentFile', test: '-r', path: environmentFile },
    ].flatMap(({ path, ...need }) => (path === undefined ? [] : [{ ...need, path }]));
  });
  const missing = await Promise.all(
    needs.map(async ({ name, what, test, path }) => {
      const { exitCode } = await user.run(['test', test, path], { reject: false, signal });
      return exitCode === 0 ? [] : [`${name}: ${what} ${path}`];
    }),
  );
  return missing.flat();
}
