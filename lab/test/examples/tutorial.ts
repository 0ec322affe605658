import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { localHost } from '@cutover/host';

const repository = fileURLToPath(new URL('../../../', import.meta.url));
/** Between the outputs of two blocks. */
const mark = '\u001Enext block\u001E';

/** What a page shows under a block, and what the block said. */
export interface Shown {
  readonly expected: RegExp;
  readonly output: string;
}

/**
 * Does what a tutorial says, in an empty home: its `sh` blocks one after the other, in one shell, with the commands of this
 * checkout. A `text` block is what its reader sees of the block before; `…` in it stands for the rest of a line, or for lines.
 *
 * @throws {CommandError} a command of a block failed.
 */
export async function doTutorial(page: string): Promise<readonly Shown[]> {
  const text = await readFile(join(repository, 'docs', page), 'utf8');
  const blocks = [...text.matchAll(/^```(sh|text)\n([\s\S]*?)^```$/gm)];
  const commands = blocks.filter(([, kind]) => kind === 'sh').map(([, , code = '']) => code);
  const home = await mkdtemp(join(tmpdir(), 'tutorial-'));
  try {
    await using host = localHost();
    // What it left running in the background ends before its home is removed.
    const script = `set -euo pipefail\n${commands.join(`\nprintf '${mark}'\n`)}\nwait || true`;
    const { stdout } = await host.run(['bash', '-c', script], {
      cwd: home,
      env: {
        HOME: home,
        PATH: `${join(repository, 'node_modules/.bin')}:${process.env['PATH'] ?? ''}`,
        GIT_CONFIG_COUNT: '3',
        GIT_CONFIG_KEY_0: 'user.name',
        GIT_CONFIG_VALUE_0: 'Ada Lovelace',
        GIT_CONFIG_KEY_1: 'user.email',
        GIT_CONFIG_VALUE_1: 'ada@example.org',
        GIT_CONFIG_KEY_2: 'init.defaultBranch',
        GIT_CONFIG_VALUE_2: 'main',
      },
      timeout: 300_000,
    });
    const outputs = stdout.split(mark);
    let at = -1;
    return blocks.flatMap(([, kind, code = '']) => {
      if (kind === 'sh') at += 1;
      return kind === 'text' ? [{ expected: patternOf(code), output: outputs[at] ?? '' }] : [];
    });
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

function patternOf(shown: string): RegExp {
  const lines = shown.trimEnd().split('\n');
  const patterns = lines.map((line) =>
    line === '…' ? String.raw`[\s\S]*?` : line.trimEnd().split('…').map(escaped).join('[^\\n]*'),
  );
  return new RegExp(patterns.join(String.raw`[ \t]*\n`));
}

const escaped = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`);
