#!/bin/sh
# switch_lock_holder: says which process holds the lock of switch-to-configuration, e.g. that of a nixos-rebuild by hand, and
# says nothing when it is free. It only looks: to try the lock would make another program fail that tries it just then.
switch_lock_holder() {
  place=$(stat -c '%D %i' /run/nixos/switch-to-configuration.lock 2> /dev/null) || return 0
  # As the kernel writes it there, MAJOR:MINOR:INODE: other file systems have files of the same number.
  device=$((0x${place% *}))
  place=$(printf '%02x:%02x:%s' $((device >> 8 & 0xfff)) $((device & 0xff | device >> 12 & 0xfff00)) "${place#* }")
  while read -r _ kind _ _ pid file _; do
    case "$kind $file" in
      "FLOCK $place")
        command=$(tr '\0' ' ' < "/proc/$pid/cmdline" 2> /dev/null)
        printf '%s\n' "process $pid${command:+, $command}"
        return 0
        ;;
    esac
  done < /proc/locks
}
