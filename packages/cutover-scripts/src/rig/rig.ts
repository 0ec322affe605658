import { posix } from 'node:path';
import type { ProcessSelector } from '@cutover/loops/safe-point';
import type { CutoverSettings } from '../config/schema.ts';
import type { World } from '../world/world.ts';

/** `path` of the old host, where it is absolute or below the workspace there. */
export function oldPath({ old }: CutoverSettings, path: string): string {
  return posix.resolve(old.workspace, path);
}

/** `path` of the new host, where it is absolute or below the workspace there. */
export function newPath(settings: CutoverSettings, path: string): string {
  return posix.resolve(settings.new.workspace, path);
}

/** The working clones on the old host. */
export function oldClones(settings: CutoverSettings): string[] {
  return settings.old.clones.map((clone) => oldPath(settings, clone));
}

/** How a process of the old rig's loops is known, to the rig's own user. */
export function oldProcesses({ old }: CutoverSettings): ProcessSelector {
  return { tmux: [{ sessions: old.tmuxSessions }], commandLines: old.processes };
}

/** The same to root, who has to ask the user's tmux server and not its own. */
export function oldProcessesForRoot({ old }: CutoverSettings): ProcessSelector {
  return { tmux: [{ user: old.user, sessions: old.tmuxSessions }], commandLines: old.processes };
}

/** What can start a loop on the new host: made by the approval to cut over, taken away by a rollback. */
export const armedFile = '/var/lib/cutover/armed';

/** A user's home on the new host. */
export function homeOf(user: string): string {
  return user === 'root' ? '/root' : `/home/${user}`;
}

/** The key that lets the loops' user of the new host into the forge; it is made there and never leaves. */
export function forgeKeyFile(user: string): string {
  return `${homeOf(user)}/.ssh/forge-ed25519`;
}

/** The boot service of a rig. */
export function bootService(rig: string): string {
  return `loops-${rig}.service`;
}

/** The service of a rig's tmux server. */
export function tmuxService(rig: string): string {
  return `loops-tmux-${rig}.service`;
}

/** The rig's config on the new host, as its units name it. */
export function rigConfigFile(rig: string): string {
  return `/etc/loops/${rig}.yaml`;
}

/**
 * How a process of the rig's loops on the new host is known to root: by the tmux server that they run in, and by the
 * workspace, where what has left its terminal still works.
 */
export function newProcesses({ settings, rig }: Pick<World, 'settings' | 'rig'>): ProcessSelector {
  return {
    tmux: [{ user: settings.new.user, socket: `${rig.runtimeDir}/tmux.sock` }],
    workingDirectories: [rig.workspace],
  };
}
