import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { localHost } from '@cutover/host';
import { claudeVersions, findClaude } from '@cutover/test-support/claude/claude-binary';
import { type ClaudeLab, openClaudeLab } from '@cutover/test-support/claude/claude-lab';
import { type Figure, milliseconds, UnavailableError } from './figure.ts';

const host = localHost();
const sessions = 4;
const patience = 300_000;
const bypass = '--dangerously-skip-permissions';

/** Real sessions of Claude Code, started by loops and by tmux alone; and what one of their hooks takes. */
export const claudeFigures: readonly Figure[] = [acknowledgedStart(), hookTime()];

/** From nothing until the API has the start prompt of each of four sessions. */
function acknowledgedStart(): Figure {
  return {
    name: 'claude-start-4',
    unit: 'ms',
    better: 'lower',
    peerName: 'tmux and claude',
    samples: 5,
    warmUp: 1,
    open: async () => {
      const program = await programOr();
      return {
        ours: () => inLab(program, startByLoops),
        peer: () => inLab(program, startByTmux),
        [Symbol.asyncDispose]: async () => {},
      };
    },
  };
}

/** One call of the hook, beside the shell that does nothing but read what it is given. */
function hookTime(): Figure {
  return {
    name: 'hook',
    unit: 'ms',
    better: 'lower',
    peerName: 'sh that reads its input',
    samples: 40,
    warmUp: 5,
    open: async () => {
      const spool = await mkdtemp(join(tmpdir(), 'bench-hook-'));
      const script = join(spool, 'hook');
      const source = new URL('../../packages/loops/src/agents/claude-code/hook.sh', import.meta.url);
      await writeFile(script, await readFile(source), { mode: 0o755 });
      const input = JSON.stringify({ session_id: 'x', hook_event_name: 'Stop', transcript_path: '/a/b' });
      const call = (argv: readonly string[]) => () => milliseconds(() => host.run(argv, { input }));
      return {
        ours: call(['sh', script, spool]),
        peer: call(['sh', '-c', 'exec cat >/dev/null']),
        [Symbol.asyncDispose]: async () => rm(spool, { recursive: true, force: true }),
      };
    },
  };
}

async function programOr(): Promise<string> {
  if (process.getuid?.() !== 0)
    throw new UnavailableError('the network of its own for Claude Code needs root');
  const found = await findClaude(claudeVersions[0]);
  if ('missing' in found) throw new UnavailableError(found.missing);
  return found.path;
}

type Start = (lab: ClaudeLab, folder: string, names: readonly string[]) => Promise<AsyncDisposable>;

/** A home and a stand-in of the API for each sample, so that each begins as the others did. */
async function inLab(program: string, start: Start): Promise<number> {
  await using lab = await openClaudeLab(program);
  const folder = await mkdtemp(join(tmpdir(), 'bench-claude-'));
  const names = Array.from({ length: sessions }, (_, index) => `session-${index}`);
  await firstRunDone(lab, folder);
  for (const name of names) await writeFile(join(folder, `${name}.md`), `Begin, ${name}.\n@say begun`);
  const began = performance.now();
  const running = await start(lab, folder, names);
  try {
    while ((await lab.requests()).length < sessions) {
      if (performance.now() - began > patience) throw new Error('not every session has its prompt');
      await delay(10);
    }
    return performance.now() - began;
  } finally {
    await running[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function firstRunDone({ home }: ClaudeLab, folder: string): Promise<void> {
  await mkdir(join(home, '.claude'));
  const answers = {
    hasCompletedOnboarding: true,
    projects: { [folder]: { hasTrustDialogAccepted: true } },
  };
  await writeFile(join(home, '.claude.json'), JSON.stringify(answers));
  await writeFile(join(home, '.claude', 'settings.json'), '{"skipDangerousModePermissionPrompt":true}');
}

const startByLoops: Start = async ({ command, environment }, folder, names) => {
  const config = join(folder, 'loops.yaml');
  const loops = Object.fromEntries(
    names.map((name) => [
      name,
      { agent: 'claude-code', command: [command, bypass], prompt: { file: `${name}.md` } },
    ]),
  );
  await writeFile(config, JSON.stringify({ rig: 'bench', workspace: '.', environment, loops }));
  const bundle = fileURLToPath(import.meta.resolve('@cutover/loops/bundle'));
  spawn('node', [bundle, 'up', '--config', config], { stdio: 'ignore' });
  return {
    [Symbol.asyncDispose]: async () => {
      await host.run(['node', bundle, 'down', '--config', config]);
    },
  };
};

const startByTmux: Start = async ({ command, environment }, folder, names) => {
  const tmux = ['tmux', '-S', join(folder, 'tmux.sock'), '-f', '/dev/null'];
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  for (const name of names) {
    const prompt = await readFile(join(folder, `${name}.md`), 'utf8');
    const session = ['new-session', '-d', '-s', name, '-x', '200', '-y', '50', '-c', folder];
    await host.run([...tmux, ...session, 'env', ...variables, command, bypass, '--', prompt]);
  }
  return {
    [Symbol.asyncDispose]: async () => {
      await host.run([...tmux, 'kill-server'], { reject: false });
    },
  };
};
