import { parseParts, type Part, partsFunction } from './parts.ts';

/** What a target is and what runs on it, read in one go. A field is `undefined` where the target could not say. */
export interface TargetFacts {
  readonly hostName: string;
  readonly machineId: string | undefined;
  /** Output of `nix --version`, e.g. `nix (Nix) 2.26.3`. */
  readonly nixVersion: string | undefined;
  readonly uid: number;
  /** Whether commands can be run as root: by being it, or by `sudo -n`. */
  readonly root: boolean;
  /** systemd runs, and can start units of ours. */
  readonly systemd: boolean;
  readonly systemdRun: boolean;
  /** Free bytes and inodes where the store is. */
  readonly storeFree: number | undefined;
  readonly storeInodesFree: number | undefined;
  readonly bootFree: number | undefined;
  /** Files can be made in each of these places. */
  readonly writable: { readonly store: boolean; readonly state: boolean; readonly profiles: boolean };
  /** What holds the activation lock, in its own words. */
  readonly lockHolder: string | undefined;
  /** The active generation of the profile and the store path that it names. */
  readonly generation: number | undefined;
  readonly profileSystem: string | undefined;
  readonly currentSystem: string | undefined;
  readonly bootedSystem: string | undefined;
  /** Of the system that booted. */
  readonly bootedParts: readonly Part[];
  /** Identifies this boot: the kernel's boot_id, and when the first process started, where a container shares the kernel. */
  readonly boot: string;
}

/**
 * `$1` profile, `$2` state directory, `$3` current, `$4` booted, `$5` boot. Lines of `name value`. As much as can be is
 * done by the shell itself: a deploy to many hosts feels every process.
 */
export const factsScript: string = `
${partsFunction}
profile=$1 state=$2 current=$3 booted=$4 boot_folder=$5
say() { printf '%s %s\\n' "$1" "$2"; }
of_file() { value=; [ ! -r "$1" ] || read -r value < "$1"; }
of_file /proc/sys/kernel/hostname; say hostName "$value"
of_file /etc/machine-id; say machineId "$value"
while read -r name value _; do
  [ "$name" != Uid: ] || say uid "$value"
done < /proc/self/status
[ -d /run/systemd/system ] && say systemd yes
command -v systemd-run > /dev/null && say systemdRun yes
nix=$(readlink -f "$(command -v nix)")
case $nix in
  /nix/store/*-nix-[0-9]*/bin/nix) nix=\${nix#*-nix-}; say nixVersion "nix (Nix) \${nix%%/*}" ;;
  # Meanwhile, for it takes as long as all the rest.
  *) say nixVersion "$(nix --version 2> /dev/null)" & ;;
esac
room() { df -B1 --output=avail,iavail "$@" 2> /dev/null; }
if [ -d "$boot_folder" ]; then room /nix/store "$boot_folder"; else room /nix/store; fi | {
  read -r _
  read -r free inodes && say storeFree "$free" && say storeInodesFree "$inodes"
  read -r free _ && say bootFree "$free"
}
writable() {
  folder=$1
  while [ ! -e "$folder" ]; do folder=$(dirname "$folder"); done
  [ -w "$folder" ]
}
writable /nix/var/nix/db && say store yes
writable "$state" && say state yes
writable "\${profile%/*}" && say profiles yes
for lock in session activation; do
  if [ -e "$state/$lock.lock" ] && ! flock --nonblock --shared 9 9< "$state/$lock.lock" 2> /dev/null; then
    of_file "$state/$lock.holder"
    say lockHolder "\${value:-an unnamed deploy}"
    break
  fi
done
link=$(readlink "$profile" 2> /dev/null)
link=\${link##*/}
generation=\${link%-link}
say generation "\${generation##*-}"
real() { read -r path; [ ! -e "$path" ] || say "$1" "$path"; }
readlink -m "$profile" "$current" "$booted" | { real profileSystem; real currentSystem; real bootedSystem; }
of_file /proc/sys/kernel/random/boot_id
boot=$value
of_file /proc/1/stat
set -- \${value##*)}
say boot "$boot/\${20}"
[ ! -e "$booted" ] || parts "$booted"
wait
`;

/** Reads what the script said. @param root whether it was said by root. */
export function parseFacts(said: string, root: boolean): TargetFacts {
  const values = new Map(
    said.split('\n').map((line): [string, string] => {
      const space = line.indexOf(' ');
      return [line.slice(0, space), line.slice(space + 1)];
    }),
  );
  const text = (name: string): string | undefined => {
    const value = values.get(name);
    return value === undefined || value === '' ? undefined : value;
  };
  const number = (name: string): number | undefined => {
    const value = text(name);
    return value !== undefined && /^\d+$/.test(value) ? Number(value) : undefined;
  };
  const uid = number('uid') ?? -1;
  return {
    hostName: text('hostName') ?? '',
    machineId: text('machineId'),
    nixVersion: text('nixVersion'),
    uid,
    root: root && uid === 0,
    systemd: values.has('systemd'),
    systemdRun: values.has('systemdRun'),
    storeFree: number('storeFree'),
    storeInodesFree: number('storeInodesFree'),
    bootFree: number('bootFree'),
    writable: { store: values.has('store'), state: values.has('state'), profiles: values.has('profiles') },
    lockHolder: text('lockHolder'),
    generation: number('generation'),
    profileSystem: text('profileSystem'),
    currentSystem: text('currentSystem'),
    bootedSystem: text('bootedSystem'),
    bootedParts: parseParts(said),
    boot: text('boot') ?? '',
  };
}
