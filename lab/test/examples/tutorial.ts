import { mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
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

/** What the reader of a page has before the first line of it. */
export interface Given {
  /** Added to the environment. */
  readonly environment?: NodeJS.ProcessEnv;
  /** What stands for a place of the page that only its reader has, by the words of the page. */
  readonly places?: Readonly<Record<string, string>>;
}

/**
 * Does what a tutorial says, in an empty home: its `sh` blocks one after the other, in one shell, with the commands and the
 * packages of this checkout. A `text` block is what its reader sees of the block before; `…` in it stands for the rest of a
 * line, or for lines.
 *
 * @param prepare gets ready what the page says that its reader has.
 * @throws {CommandError} a command of a block failed.
 */
export async function doTutorial(
  page: string,
  prepare: (home: string) => Promise<Given> = () => Promise.resolve({}),
): Promise<readonly Shown[]> {
  const home = await mkdtemp(join(tmpdir(), 'tutorial-'));
  try {
    const { environment = {}, places = {} } = await prepare(home);
    const text = Object.entries(places).reduce(
      (so, [word, here]) => so.replaceAll(word, here),
      await readFile(join(repository, 'docs', page), 'utf8'),
    );
    const blocks = [...text.matchAll(/^```(sh|text)\n([\s\S]*?)^```$/gm)];
    const commands = blocks.filter(([, kind]) => kind === 'sh').map(([, , code = '']) => code);
    // As `npm install` leaves it.
    await symlink(join(repository, 'node_modules'), join(home, 'node_modules'));
    await using host = localHost();
    // What it left running in the background ends before its home is removed.
    const script = `exec 2>&1\nset -euo pipefail\n${commands.join(`\nprintf '${mark}'\n`)}\nwait || true`;
    const { stdout } = await host.run(['bash', '-c', script], {
      cwd: home,
      env: {
        HOME: home,
        PATH: [join(home, 'bin'), join(repository, 'node_modules/.bin'), process.env['PATH'] ?? ''].join(':'),
        GIT_CONFIG_COUNT: '3',
        GIT_CONFIG_KEY_0: 'user.name',
        GIT_CONFIG_VALUE_0: 'Ada Lovelace',
        GIT_CONFIG_KEY_1: 'user.email',
        GIT_CONFIG_VALUE_1: 'ada@example.org',
        GIT_CONFIG_KEY_2: 'init.defaultBranch',
        GIT_CONFIG_VALUE_2: 'main',
        ...environment,
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
