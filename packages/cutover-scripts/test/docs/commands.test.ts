import { readFile } from 'node:fs/promises';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { runbookCommand } from '@cutover/runbook';
import { expect, it } from 'vitest';
import { cutover } from '../../src/cutover.ts';

it('has every command and every exit code of cutover on its page, in the words of the help', async () => {
  const page = await readFile(new URL('../../../../docs/cutover-commands.md', import.meta.url), 'utf8');
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const said = text(stdout);
  await runbookCommand(cutover, { argv: ['--help'], io: { stdout, stderr }, interactive: false });
  stdout.end();
  const [commands = '', codes = ''] = (await said).split('Exit codes:');
  const names = [...commands.matchAll(/^ {2}([a-z-]+) (?:\[options\]|<shell>)/gm)].map(([, name]) => name);
  expect(names.length).toBeGreaterThan(15);
  for (const name of names) expect(page).toMatch(new RegExp(`\`(cutover )?${name}\\b`));
  const rows = [...page.matchAll(/^\| (\d+) +\| (.*?) +\|$/gm)];
  expect(rows.map(([, code, meaning = '']) => `${code} ${meaning.replaceAll('`', '')}`)).toEqual(
    [...codes.matchAll(/^ +(\d+) +(.*)$/gm)].map(([, code, meaning]) => `${code} ${meaning}`),
  );
});
