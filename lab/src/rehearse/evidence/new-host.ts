import { demand, answer, type Facts, output, type Scene } from './evidence.ts';

/** The system profile is the closure that was built, and a build of the repository's head gives the same. */
export async function profileIsBuiltClosure({ target, settings, signal }: Scene): Promise<Facts> {
  const profile = await output(target, ['readlink', '-f', '/nix/var/nix/profiles/system'], signal);
  const current = await output(target, ['readlink', '-f', '/run/current-system'], signal);
  const attribute = `nixosConfigurations.${settings.name}.config.system.build.toplevel`;
  const built = await output(
    target,
    ['nix', 'build', '--no-link', '--print-out-paths', `/etc/nixos#${attribute}`],
    signal,
  );
  demand(profile === built, 'the system profile is what the repository builds', { profile, built });
  demand(current === built, 'the running system is what the repository builds', { current, built });
  return { toplevel: profile };
}

/** Before phase D: the loop services are there and enabled, and run nothing. */
export async function servicesDefinedNotRunning(
  { target, signal }: Scene,
  units: readonly string[],
  processMatch: string,
): Promise<Facts> {
  const states: Record<string, string> = {};
  for (const unit of units) {
    const loaded = await output(target, ['systemctl', 'show', '--value', '-p', 'LoadState', unit], signal);
    const active = await answer(target, ['systemctl', 'is-active', unit], signal);
    demand(loaded === 'loaded', `${unit} is defined`, { loaded });
    demand(active !== 'active', `${unit} is not running`, { active });
    states[unit] = active;
  }
  const processes = await answer(target, ['pgrep', '-af', processMatch], signal);
  demand(processes === '', 'no loop runs on the new host', { processes });
  return states;
}

/** The clones came from the forge after the run began, and are at its heads. */
export async function clonesAreFresh({ target, settings, signal }: Scene, since: Date): Promise<Facts> {
  const heads: Record<string, string> = {};
  const look = async ({ path, branch }: Scene['settings']['repositories'][number]): Promise<void> => {
    const folder = path.startsWith('/') ? path : `${settings.new.workspace}/${path}`;
    const git = (...argv: string[]): Promise<string> =>
      output(target, ['runuser', '-u', settings.new.user, '--', 'git', '-C', folder, ...argv], signal);
    const born = Number(await output(target, ['stat', '--format=%W', `${folder}/.git`], signal));
    demand(born * 1000 >= since.getTime() - 1000, `${path} was cloned in this run`, { born });
    demand(
      (await git('remote', 'get-url', 'origin')).includes(settings.forge.ssh?.host ?? 'no host'),
      `${path} is from the forge`,
    );
    const [remoteHead = ''] = (await git('ls-remote', 'origin', `refs/heads/${branch}`)).split('\t');
    await git('fetch', '--quiet', 'origin');
    const behind = await git('rev-list', '--count', `HEAD..${remoteHead}`);
    heads[path] = `${(await git('rev-parse', 'HEAD')).slice(0, 12)}, ${behind} behind`;
  };
  await Promise.all(settings.repositories.map(look));
  return heads;
}

/** The references are equal, file by file. */
export async function referencesEqual({ old, target, settings, signal }: Scene): Promise<Facts> {
  const { references } = settings.old;
  if (references === undefined) return { files: 0 };
  const sums = async (host: Scene['old'], workspace: string): Promise<string> => {
    const folder = references.startsWith('/') ? references : `${workspace}/${references}`;
    const script = 'cd "$1" && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum';
    return output(host, ['sh', '-c', script, 'sh', folder], signal);
  };
  const [there, here] = await Promise.all([
    sums(old, settings.old.workspace),
    sums(target, settings.new.workspace),
  ]);
  demand(there !== '' && there === here, 'the references are equal by checksum');
  return { files: there.split('\n').length };
}

/** One boot of the new host, as the systemd there knows it. */
export async function bootIdentity({ target, signal }: Scene): Promise<string> {
  return output(target, ['systemctl', 'show', '--value', '-p', 'UserspaceTimestampMonotonic'], signal);
}

/** Deletes every generation but the active one, and every store path that nothing holds. */
export async function collectGarbage({ target, signal }: Scene): Promise<Facts> {
  const current = await output(target, ['readlink', '-f', '/run/current-system'], signal);
  const { stdout, stderr } = await target.run(['nix-collect-garbage', '--delete-old'], { signal });
  const [freed = ''] = /^\d+ store paths deleted.*$/m.exec(`${stdout}\n${stderr}`) ?? [];
  demand(freed !== '', 'the garbage was collected', { stdout, stderr });
  const after = await output(target, ['readlink', '-e', '/run/current-system'], signal);
  demand(after === current, 'the system that runs is still whole', { after });
  return { freed };
}
