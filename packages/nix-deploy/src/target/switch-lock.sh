#!/bin/sh
# switch_lock_holder: says which process holds the lock of switch-to-configuration, e.g. that of a nixos-rebuild by hand, and
# says nothing when it is free. It only looks: to try the lock would make another program fail that tries it just then.
switch_lock_holder() {
  inode=$(stat -c %i /run/nixos/switch-to-configuration.lock 2> /dev/null) || return 0
  while read -r _ kind _ _ pid file _; do
    case "$kind $file" in
      "FLOCK "*":$inode")
        command=$(tr '\0' ' ' < "/proc/$pid/cmdline" 2> /dev/null)
        printf '%s\n' "process $pid${command:+, $command}"
        return 0
        ;;
    esac
  done < /proc/locks
}
