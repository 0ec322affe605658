import { readFile } from 'node:fs/promises';

import { expect, it } from 'vitest';

import { deployExitCode, deployExitCodes, exitCodeHelp } from '../src/exit-codes.ts';
import { DeployOptionsError, LockedError } from '../src/errors.ts';

it('each code is in the help and in the documentation, in the words of the table', async () => {
  const page = await readFile(new URL('../../../docs/nix-deploy-command.md', import.meta.url), 'utf8');
  const rows = page.split('\n').map((line) => line.split('|').map((cell) => cell.trim()));
  for (const { exit, meaning, target } of deployExitCodes) {
    expect(exitCodeHelp()).toMatch(new RegExp(`^  ${exit} .*${target}$`, 'm'));
    expect(rows).toContainEqual(['', String(exit), meaning, target, '']);
  }
});

it('an error ends the command with the code of its kind; one that is not ours has none', () => {
  expect(deployExitCode(new LockedError('web', 'me'))).toBe(11);
  expect(deployExitCode(new DeployOptionsError('no'))).toBe(2);
  expect(deployExitCode(new Error('no'))).toBeUndefined();
});

it('each event of a deploy has its line on the page of the command', async () => {
  const read = async (path: string) => await readFile(new URL(`../../../${path}`, import.meta.url), 'utf8');
  const sources = await Promise.all(
    ['events.ts', 'nix/run-nix.ts'].map(async (name) => await read(`packages/nix-deploy/src/${name}`)),
  );
  const [, table = ''] = (await read('docs/nix-deploy-command.md')).split('Each event of a deploy has');
  const types = sources.flatMap((source) => [...source.matchAll(/readonly type: '([a-z-]+)'/g)]);
  expect(types.length).toBeGreaterThan(10);
  for (const [, type = ''] of types) expect(table).toMatch(new RegExp(`^\\| .*\`${type}\`.* \\|`, 'm'));
});
