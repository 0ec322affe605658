import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { exitCodes, exitCodeTable } from '../../src/commands/exit-codes.ts';

describe('the exit codes of a runbook’s command', () => {
  it('stand on the page about writing one, in the words of the help', async () => {
    const page = await readFile(new URL('../../../../docs/runbook-writing.md', import.meta.url), 'utf8');
    const rows = [...page.matchAll(/^\| (\d+) +\| (.*?) +\|$/gm)];
    expect(rows.map(([, code, meaning = '']) => [Number(code), meaning.replaceAll('`', '')])).toEqual(
      Object.values(exitCodes).map(({ code, meaning }) => [code, meaning]),
    );
  });

  it('may mean more for a runbook that says so', () => {
    const own = [
      { code: 11, errors: ['CLAIMED'], meaning: 'locked, or claimed' },
      { code: 13, errors: ['AWAY'] },
      { code: 20, errors: ['ODD'], meaning: 'odd' },
    ];
    const table = exitCodeTable(own);
    expect(table.find(({ code }) => code === 11)).toEqual({
      code: 11,
      meaning: 'locked, or claimed',
      errors: ['LOCKED', 'CLAIMED'],
    });
    expect(table.find(({ code }) => code === 13)?.meaning).toBe(exitCodes.unsafe.meaning);
    expect(table.find(({ code }) => code === 20)?.meaning).toBe('odd');
  });
});
