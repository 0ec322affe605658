/** A line of fstab. */
export interface Mount {
  readonly device: string;
  readonly type: string;
  readonly options: string;
}

/** What a system's fstab says: by mount point, and the devices that are swapped to. */
export interface FileSystems {
  readonly mounts: ReadonlyMap<string, Mount>;
  readonly swaps: ReadonlySet<string>;
}

/** What becomes of mount units, and of swap devices. */
export interface FileSystemDifference {
  readonly stopped: readonly string[];
  readonly restarted: readonly string[];
  readonly reloaded: readonly string[];
  readonly left: readonly string[];
  /** Devices that are not swapped to any more. */
  readonly swapsOff: readonly string[];
}

/**
 * As switch-to-configuration-ng decides it: what is gone is unmounted, another device or type is mounted in its place, and
 * other options remount. `/` and `/nix` are never unmounted. What is new is mounted by local-fs.target.
 */
export function fileSystemDifference(before: FileSystems, after: FileSystems): FileSystemDifference {
  const stopped: string[] = [];
  const restarted: string[] = [];
  const reloaded: string[] = [];
  const left: string[] = [];
  for (const [place, old] of before.mounts) {
    const fresh = after.mounts.get(place);
    const unit = mountUnit(place);
    if (fresh === undefined) stopped.push(unit);
    else if (fresh.device !== old.device || fresh.type !== old.type) {
      if (place !== '/' && place !== '/nix') restarted.push(unit);
      else if (fresh.options === old.options) left.push(unit);
      else reloaded.push(unit);
    } else if (fresh.options !== old.options) reloaded.push(unit);
  }
  const swapsOff = [...before.swaps].filter((device) => !after.swaps.has(device));
  return { stopped, restarted, reloaded, left, swapsOff };
}

/** The name that systemd gives the unit of a mount point: `/srv/my data` is `srv-my\x20data.mount`. */
export function mountUnit(place: string): string {
  const parts = place.split('/').filter((part) => part !== '');
  const escape = (part: string): string =>
    [...Buffer.from(part)]
      .map((byte) => {
        const character = String.fromCharCode(byte);
        return /[A-Za-z0-9:_.]/.test(character) ? character : `\\x${byte.toString(16).padStart(2, '0')}`;
      })
      .join('');
  const name = parts.map(escape).join('-').replace(/^\./, '\\x2e');
  return `${name === '' ? '-' : name}.mount`;
}
