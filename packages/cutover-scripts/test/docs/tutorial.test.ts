import { readFile } from 'node:fs/promises';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { runbookCommand } from '@cutover/runbook';
import { beforeAll, describe, expect, it } from 'vitest';
import { cutover } from '../../src/cutover.ts';
import { phases } from '../../src/runbook.ts';
import * as lists from '../../src/steps.ts';

/** Steps by their ids. */
const steps = new Map(
  Object.values(lists)
    .flat()
    .map(({ id, title, on }) => [id, on === undefined ? title : `${title} · ${on.join(', ')}`]),
);
let screens: readonly (readonly string[])[];

beforeAll(async () => {
  const page = await readFile(new URL('../../../../docs/tutorial-cutover.md', import.meta.url), 'utf8');
  screens = [...page.matchAll(/^```text\n([\s\S]*?)^```$/gm)].map(([, screen = '']) => screen.split('\n'));
});

async function helpOf(name: string): Promise<string> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const said = text(stdout);
  await runbookCommand(cutover, { argv: [name, '--help'], io: { stdout, stderr }, interactive: false });
  stdout.end();
  return said;
}

describe('the tutorial of a whole cutover', () => {
  it('types commands that there are, with options that they have', async () => {
    const typed = screens.map((lines) => {
      const rest = lines.slice(1).findIndex((line) => !line.startsWith('> '));
      return lines.slice(0, rest + 1).join(' ');
    });
    expect(typed.length).toBeGreaterThan(10);
    for (const line of typed) {
      const [, name = ''] = /^\$ cutover ([a-z-]+)/.exec(line) ?? [];
      const help = await helpOf(name);
      expect(help).toContain(`Usage: cutover ${name} `);
      for (const [option] of line.split(' | ')[0]?.matchAll(/(?<= )--[a-z-]+/g) ?? [])
        expect(help).toMatch(new RegExp(`${option}[ ,]`));
    }
  });

  it('shows steps that there are, under the titles that they have', () => {
    const shown = screens.flat().flatMap((line) => {
      const [, id, what = ''] = /^ {2}[◦✓◆~✗] ([a-z-]+)(?: {2,}(.*))?$/u.exec(line) ?? [];
      return id === undefined ? [] : [{ id, what }];
    });
    expect(shown.length).toBeGreaterThan(40);
    for (const { id } of shown) expect([...steps.keys()]).toContain(id);
    const plan = screens.find(([command]) => command === '$ cutover plan') ?? [];
    const planned = plan.flatMap((line) => {
      const [, id = '', title] = /^ {2}◦ ([a-z-]+) +(.*?)(?: {2}[(◆].*)?$/u.exec(line) ?? [];
      return title === undefined ? [] : [{ id, title }];
    });
    expect(planned.length).toBeGreaterThan(20);
    for (const { id, title } of planned) expect(title).toBe(steps.get(id));
    for (const { title } of phases) expect(plan).toContain(title);
    expect(plan[1]).toMatch(new RegExp(`· ${mainSteps()} steps$`));
  });
});

function mainSteps(): number {
  const { provisionSteps, configureSteps, stageSteps, cutOverSteps, handOverSteps } = lists;
  return [provisionSteps, configureSteps, stageSteps, cutOverSteps, handOverSteps].flat().length;
}
