import type { Host } from '@cutover/host';
import { demand, type Facts, output, type Scene } from './evidence.ts';
import { resumePointFile, workRepository } from '../settings.ts';

const roles = ['builder', 'adversary', 'watchdog'];

/** Three sessions run, below the boot service's tmux server, each with its agent, in the expected plan phase. */
export async function sessionsRun(scene: Scene, rig: string, planPhase: number): Promise<Facts> {
  const { target, settings, signal } = scene;
  const user = settings.new.user;
  const format = '#{session_name} #{pane_pid} #{pane_dead}';
  const socket = `/run/loops-${rig}/tmux.sock`;
  const listing = await output(
    target,
    ['runuser', '-u', user, '--', 'tmux', '-S', socket, 'list-panes', '-a', '-F', format],
    signal,
  );
  const sessions = new Map(
    listing.split('\n').map((line): [string, string] => {
      const [name = '', pid = '', dead = ''] = line.split(' ');
      return [name, dead === '0' ? pid : ''];
    }),
  );
  for (const role of roles) {
    const pid = sessions.get(role);
    demand(pid !== undefined && pid !== '', `the session ${role} runs`, { listing });
    const cgroup = await output(target, ['cat', `/proc/${pid}/cgroup`], signal);
    demand(cgroup.includes(`loops-tmux-${rig}.service`), `${role} runs below the boot service`, { cgroup });
  }
  const index = await resumePoint(target, settings.new.workspace, signal);
  demand(index === planPhase, `the rig is in plan phase ${planPhase}`, { index });
  return { sessions: roles, planPhase: index };
}

/** The plan phase that a workspace's `.phase-idx` counts. */
export async function resumePoint(host: Host, workspace: string, signal: AbortSignal): Promise<number> {
  return Number(await output(host, ['cat', `${workspace}/${resumePointFile}`], signal));
}

/** After the cutover the forge has a new commit by the Builder on the new host, a claim on it and the verdict. */
export async function handoffReachedForge(
  { forge, repositories, signal }: Scene,
  rig: string,
  before: string,
): Promise<Facts> {
  const repository = `${repositories}/${workRepository}.git`;
  const git = (...argv: string[]): Promise<string> =>
    output(forge, ['git', '-c', 'safe.directory=*', '-C', repository, ...argv], signal);
  const commits = await git('log', '--format=%H %an %s', `${before}..main`);
  const byBuilder = commits.split('\n').filter((line) => / Builder .* on cc-ci-orchestrator$/.test(line));
  demand(byBuilder.length > 0, 'a new commit by the Builder of the new host is on the forge', { commits });
  const claims = await git('for-each-ref', '--format=%(refname)', `refs/loops/${rig}/claims/`);
  const verdicts = await git('for-each-ref', '--format=%(refname)', `refs/loops/${rig}/verdicts/`);
  demand(claims !== '', 'a claim is on the forge');
  demand(verdicts !== '', 'a verdict is on the forge');
  return {
    commits: byBuilder.length,
    claims: claims.split('\n').length,
    verdicts: verdicts.split('\n').length,
  };
}

/** The orchestrator session runs with its context: the very files of the repository. */
export async function orchestratorHasContext({ target, settings, signal }: Scene): Promise<Facts> {
  const { workspace } = settings.new;
  const ready: unknown = JSON.parse(
    await output(target, ['cat', `${workspace}/.cc-ci-logs/orchestrator.ready.json`], signal),
  );
  const digest = await output(
    target,
    [
      'sh',
      '-c',
      'cd "$1" && cat AGENTS.md plan.md | sha256sum | cut -d" " -f1',
      'sh',
      `${workspace}/cc-ci-plan`,
    ],
    signal,
  );
  const facts = { ...(typeof ready === 'object' ? ready : {}) };
  demand('digest' in facts && facts.digest === digest, 'the session read its whole context', {
    facts,
    digest,
  });
  demand('host' in facts && facts.host === settings.name, 'the session runs on the new host', { facts });
  return facts;
}

/** The owner that the forge has on record. */
export async function ownerIs(
  { forge, repositories, settings, signal }: Scene,
  owner: string,
): Promise<Facts> {
  const repository = `${repositories}/${settings.ownership.repository}.git`;
  const git = (...argv: string[]): Promise<string> =>
    output(forge, ['git', '-c', 'safe.directory=*', '-C', repository, ...argv], signal);
  const files = await git('ls-tree', '-r', '--name-only', settings.ownership.ref);
  const document = await git('show', `${settings.ownership.ref}:${files.split('\n')[0] ?? ''}`);
  demand(document.includes(`"${owner}"`), `${owner} owns the loops`, { document });
  return { document };
}
