import type { Forge } from '../world/forge.ts';
import { openGitForge } from './git/git-forge.ts';
import { openGiteaForge } from './gitea/gitea-forge.ts';
import type { ForgeSettings, OpenForgeOptions } from './settings.ts';
import { openSshForge } from './ssh/ssh-forge.ts';

/** Makes the forge of a config. Nothing is connected to yet. */
export async function openForge(settings: ForgeSettings, options: OpenForgeOptions): Promise<Forge> {
  const { forge } = settings;
  if (forge.type === 'gitea') return openGiteaForge(forge, settings, options);
  if (forge.type === 'git') return openGitForge(forge, settings, options);
  return openSshForge(forge, settings, options);
}
