import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { createProgram } from '../../src/commands/program.ts';
import { rigEventTypes } from '../../src/events/rig-event.ts';
import { exitCodeMeanings } from '../../src/exit-codes.ts';

describe('the page of the commands', async () => {
  const page = await readFile(new URL('../../../../docs/loops-commands.md', import.meta.url), 'utf8');

  it('has every exit code, in the words of the help', () => {
    const rows = [...page.matchAll(/^\| (\d+) +\| (.*?) +\|$/gm)];
    expect(rows.map(([, code, meaning = '']) => [Number(code), meaning.replaceAll('`', '')])).toEqual(
      exitCodeMeanings,
    );
  });

  it('has every command, and every argument and option of a command says what it is', () => {
    for (const command of createProgram().commands) {
      expect(page).toMatch(new RegExp(`\`${command.name()}\\b`));
      for (const one of [command, ...command.commands]) {
        expect(one.options.filter(({ description }) => description === '')).toEqual([]);
        expect(one.registeredArguments.filter(({ description }) => description === '')).toEqual([]);
      }
    }
  });
});

describe('the types of events', () => {
  const read = async (path: string) => readFile(new URL(`../../../../${path}`, import.meta.url), 'utf8');

  it('are all those that a supervisor tells of', async () => {
    const source = await read('packages/loops/src/events/rig-event.ts');
    expect([...source.matchAll(/readonly type: '([a-z-]+)'/g)].map(([, type]) => type)).toEqual(
      rigEventTypes,
    );
  });

  it('have their lines on the page about watching agents', async () => {
    const [, table = ''] = (await read('docs/loops-watching.md')).split('## Events');
    const listed = [...table.matchAll(/^\| (`.*?) +\|/gm)].flatMap(([, cell = '']) =>
      [...cell.matchAll(/`([a-z-]+)`/g)].map(([, type]) => type),
    );
    expect(listed).toHaveLength(rigEventTypes.length);
    expect(new Set(listed)).toEqual(new Set<string>(rigEventTypes));
  });
});
