import { demand, type Facts, answer, output, type Scene } from './evidence.ts';

/** The old host was left at a safe point: trees clean, nothing unpushed. */
export async function oldTreesSafe({ old, settings, signal }: Scene): Promise<Facts> {
  const heads: Record<string, string> = {};
  for (const clone of settings.old.clones) {
    const path = clone.startsWith('/') ? clone : `${settings.old.workspace}/${clone}`;
    const git = (...argv: string[]): Promise<string> =>
      output(old, ['git', '-c', 'safe.directory=*', '-C', path, ...argv], signal);
    demand((await git('status', '--porcelain')) === '', `${path} is clean`);
    // Its own key is revoked by now, so it cannot fetch: the last look of its quiesce counts.
    demand(
      (await git('rev-list', '--count', 'HEAD', '--branches', '--not', '--remotes')) === '0',
      `nothing in ${path} is unpushed`,
    );
    heads[clone] = await git('rev-parse', 'HEAD');
  }
  return { heads };
}

/** No process of the old rig is left, and nothing there can start it: each way is tried. */
export async function oldRigStaysDown({ old, settings, signal }: Scene): Promise<Facts> {
  const { units, user, start, processes: matches, cronMatch } = settings.old;
  const tried: string[] = [];
  for (const unit of units) {
    const enabled = await answer(old, ['systemctl', 'is-enabled', unit], signal);
    demand(enabled !== 'enabled', `${unit} is not enabled`, { enabled });
    const started = await old.run(['systemctl', 'start', unit], { reject: false, signal });
    demand(started.exitCode !== 0, `systemctl start ${unit} is refused`);
    tried.push(`systemctl start ${unit}`);
  }
  const script = await old.run(['runuser', '-u', user, '--', ...start], { reject: false, signal });
  demand(script.exitCode !== 0, `${start.join(' ')} is refused`);
  tried.push(start.join(' '));
  if (cronMatch !== undefined) {
    const lines = (await answer(old, ['crontab', '-l', '-u', user], signal)).split('\n');
    const live = lines.filter((line) => !line.startsWith('#') && line.includes(cronMatch));
    demand(live.length === 0, 'no line of the crontab starts it', { live });
  }
  const [clone = settings.old.workspace] = settings.old.clones;
  const path = clone.startsWith('/') ? clone : `${settings.old.workspace}/${clone}`;
  const pushed = await old.run(
    ['runuser', '-u', user, '--', 'git', '-C', path, 'push', 'origin', 'HEAD:refs/heads/late'],
    { reject: false, signal },
  );
  demand(pushed.exitCode !== 0, 'the forge refuses a push of the old host', { stderr: pushed.stderr });
  tried.push('git push');
  const found = await Promise.all(matches.map((match) => answer(old, ['pgrep', '-af', match], signal)));
  const processes = found.filter((text) => text !== '').join('\n');
  demand(processes === '', 'no process of the rig is left', { processes });
  return { refused: tried };
}
