#!/bin/sh
# After switch-lock.sh. Runs on the target, in a systemd unit of its own, and outlives the connection that started it. It activates the new
# system, waits to be confirmed, and then either makes the new system the one that boots, or activates again
# exactly the one that ran before. Until it is confirmed, neither the profile nor the boot loader is touched: a power cut
# at any moment boots the system that was there before.
#
# The decision is a symbolic link, made once: the first to link (the client with `confirmed` or `revoked`, or
# this script with `expired`) has decided, and the attempt of the other fails. A byte in the pipe `wake` says that
# there is something to read. All that matters is said in the log, in lines of its own.
#
# $1 run|recover, $2 the deploy's folder; what to do is in its file `request`, a value a line.
mode=$1 folder=$2
[ "$mode" = run ] || [ ! -s "$folder/outcome" ] || exit 0
{
  read -r id; read -r profile; read -r toplevel; read -r system; read -r action
  read -r patience; read -r limit; read -r current; read -r generation; read -r holder
} < "$folder/request" || exit 1
state=${folder%/deploys/*}
lock=/run/nixos/switch-to-configuration.lock
cd / || exit 1
exec < /dev/null >> "$folder/log" 2>&1

say() { printf '\n@nix-deploy %s %s\n' "$id" "$*"; }
note() { printf '%s\n' "$2" > "$folder/$1"; }
noted() { [ ! -r "$folder/$1" ] || { read -r value < "$folder/$1"; printf '%s' "$value"; }; }
real() { [ -e "$1" ] && readlink -f "$1"; }
failed_units() {
  systemctl list-units --state=failed,auto-restart --plain --no-legend --no-pager 2> /dev/null |
    while read -r unit rest; do printf '%s ' "$unit"; done
}
new_failures() { for unit in $2; do case " $1 " in *" $unit "*) ;; *) printf '%s ' "$unit" ;; esac; done; }
finish() {
  say "finished $1"
  note outcome "$1"
  rm -f "$state/activation.holder" "/nix/var/nix/gcroots/nix-deploy-$id"
  exit 0
}

# switch SYSTEM ACTION [SECONDS]: runs its switch-to-configuration, and leaves its exit code in `code`. What it writes goes to
# the log, from the byte `first` on.
switch() {
  first=$(( $(stat -c %s "$folder/log") + 1 ))
  if [ -n "$3" ]; then
    timeout --kill-after=10 "$3" "$1/bin/switch-to-configuration" "$2" 8>&- 3>&-
  else
    "$1/bin/switch-to-configuration" "$2" 8>&- 3>&-
  fi
  code=$?
}
# What the last `switch` wrote before the units that have failed, whose status and journal come after them.
said() { tail -c "+$first" "$folder/log" | sed '/^warning: the following units failed: /q'; }
# units_of WORDS: the units of the lines that begin so, e.g. `restarting the following units: a.service, b.service`.
units_of() { said | sed -n -E "s/^($1): //p" | tr -d , | tr '\n' ' '; }
# Another switch-to-configuration held the lock: nothing was done. Its own words are needed, for the code alone is an errno.
locked_out() { [ "$code" = 11 ] && said | grep -q '^Could not acquire lock'; }
# It stopped before it changed anything, and said so.
stopped_early() {
  [ "$code" != 0 ] || return 1
  said | grep -q -e '^stopping ' -e '^activating the configuration' && return 1
  said | grep -q -e '^Pre-switch checks failed' -e 'take effect until you reboot'
}

# Whether a unit that was announced is up, or ran to its end, or had a reason of its own not to run.
is_well() {
  shown=$(systemctl show --property=ActiveState,Type,Result,ConditionResult,ConditionTimestampMonotonic,ExecMainExitTimestampMonotonic "$1" 2> /dev/null)
  has() { printf '%s\n' "$shown" | grep -qxE "$1"; }
  if has 'ActiveState=(active|activating|reloading)'; then return 0; fi
  if ! has 'ActiveState=inactive' || ! has 'Result=success'; then return 1; fi
  if has 'ConditionResult=no' && has 'ConditionTimestampMonotonic=[1-9].*'; then return 0; fi
  has 'Type=oneshot' && has 'ExecMainExitTimestampMonotonic=[1-9].*'
}
# Whether the last `switch` did all of its work. 4 stands for many things, and covers a 2 of the activation script: it is
# well only where the one complaint is about units that had failed before. What cannot be read is a failure.
succeeded() {
  [ "$code" != 0 ] || return 0
  [ "$code" = 4 ] || return 1
  before=$(noted failed-before)
  complained=$(units_of 'warning: the following units failed')
  if [ -z "$complained" ] || [ -n "$(new_failures "$before" "$complained$(failed_units)")" ]; then return 1; fi
  if said | grep -q -e '^Failed to ' -e '^Activation script snippet .* failed' -e '^Unable to '; then return 1; fi
  said | grep -q '^activating the configuration' || return 1
  for unit in $(units_of '(reloading|restarting|starting) the following units'); do
    case " $before " in *" $unit "*) continue ;; esac
    is_well "$unit" || return 1
  done
}
# switch_unlocked SYSTEM ACTION: as `switch`, but waits up to a minute for another switch-to-configuration to end.
switch_unlocked() {
  switch "$1" "$2"
  tries=0
  while locked_out && [ "$tries" -lt 6 ]; do
    tries=$((tries + 1))
    flock --wait 10 "$lock" true || continue
    switch "$1" "$2"
  done
}

# In a container /sbin/init is what boots, and activation alone links it: until the confirmation it stays what it was.
keep_init() {
  now=$(readlink /sbin/init)
  if [ "$now" != "$(noted init)" ] && [ -n "$(noted init)" ]; then
    note new-init "$now"
    ln -sfn "$(noted init)" /sbin/init.nix-deploy && mv -T /sbin/init.nix-deploy /sbin/init
  fi
}

# What failed is of the system that is left: as a failed unit without a file it would stay for ever, and the next deploy would
# take it for one that had failed before.
forget_failures() {
  fresh=$(new_failures "$(noted failed-before)" "$(failed_units)")
  # shellcheck disable=SC2086 # a word a unit
  [ -z "$fresh" ] || systemctl reset-failed $fresh
}

restore() {
  failure=0
  link=$(noted previous-link)
  if [ -n "$(noted profile-changed)" ] && [ -n "$link" ]; then
    link=${link%-link}
    nix-env --profile "$profile" --switch-generation "${link##*-}" || failure=$?
    previous=$(real "$profile")
    if [ -n "$previous" ]; then
      switch_unlocked "$previous" boot
      [ "$code" = 0 ] || failure=$code
    fi
  fi
  if [ -n "$(noted profile-changed)" ] && [ -z "$link" ]; then
    # There was no profile: what it has is what this deploy made.
    made=$(readlink "$profile")
    rm -f "$profile" "${profile%/*}/${made:-none}"
  fi
  previous=$(noted previous-system)
  if [ "$action" != boot ] && [ -n "$(noted activating)" ] && [ -z "$previous" ]; then
    forget_failures
    [ "$failure" = 0 ] && finish nothing-before
  elif [ "$action" != boot ] && [ -n "$(noted activating)" ]; then
    now=$(real "$current")
    if [ -n "$now" ] && [ "$now" != "$previous" ] && [ "$now" != "$(real "$system")" ]; then
      say "superseded $now"
      finish restore-failed
    fi
    say "restoring $previous"
    forget_failures
    switch_unlocked "$previous" test
    if succeeded; then code=0; fi
    [ "$(real "$current")" = "$previous" ] || code=1
    [ "$code" = 0 ] || failure=$code
    keep_init
  fi
  say "restored $failure"
  if [ "$failure" = 0 ]; then finish restored; else finish restore-failed; fi
}

commit() {
  if [ "$action" != test ]; then
    # Without this note the profile would not be put back.
    if ! note profile-changed yes; then
      say 'boot-loader 1'
      restore
    fi
    if [ "$(real "$profile")" != "$toplevel" ] || [ "$generation" != new ]; then
      if [ "$generation" = new ]; then set -- --set "$toplevel"; else set -- --switch-generation "$generation"; fi
      if ! nix-env --profile "$profile" "$@"; then
        say 'boot-loader 1'
        restore
      fi
    fi
    link=$(readlink "$profile")
    link=${link%-link}
    say "profile ${link##*-}"
    switch_unlocked "$toplevel" boot
    say "boot-loader $code"
    [ "$code" = 0 ] || restore
    new_init=$(noted new-init)
    [ -z "$new_init" ] || { ln -sfn "$new_init" /sbin/init.nix-deploy && mv -T /sbin/init.nix-deploy /sbin/init; }
  fi
  note committed yes
  finish committed
}

# Who can read a lock can hold it. The umask of the activation stays as it is.
(umask 077 && : >> "$state/activation.lock")
exec 8>> "$state/activation.lock"
if [ "$mode" = recover ]; then
  # The supervisor itself was killed. A machine that is going down boots the old system anyway.
  [ -s "$folder/armed" ] || exit 0
  [ "$(systemctl is-system-running 2> /dev/null)" != stopping ] || exit 0
  flock --wait 60 8
  [ -z "$(noted committed)" ] || finish committed
  if [ "$(readlink "$folder/decision")" = confirmed ]; then commit; fi
  ln -s revoked "$folder/decision" 2> /dev/null
  keep_init
  restore
fi

# A session may look just now whether it is held.
if ! flock --wait 0.5 8; then
  say "locked $(cat "$state/activation.holder" 2> /dev/null)"
  note outcome locked
  rm -f "/nix/var/nix/gcroots/nix-deploy-$id"
  exit 0
fi
printf '%s\n' "$holder" > "$state/activation.holder"
exec 3<> "$folder/wake"
# Without these notes nothing could be restored.
previous=$(real "$current")
if ! {
  note previous-system "$previous" && note previous-link "$(readlink "$profile")" && note failed-before "$(failed_units)" &&
    note init "$(readlink /sbin/init)" && { [ "$action" = boot ] || note activating yes; } && note armed yes
}; then
  rm -f "$folder/armed"
  say "refused what runs could not be noted in $state: is its disk full?"
  finish untouched
fi
say "armed $previous"

if [ "$action" = boot ]; then commit; fi

say "activating $system"
switch "$system" test "$limit"
keep_init
# Nothing was done, so there is nothing to restore: what runs may be what the other one activated meanwhile.
if locked_out; then
  say "busy $(switch_lock_holder)"
  finish untouched
fi
if stopped_early && [ "$(real "$current")" = "$(noted previous-system)" ]; then
  say "activated $code"
  finish untouched
fi
# Without a complaint there is nothing to be told apart.
if [ "$code" = 0 ]; then after=; else after=$(failed_units); fi
fresh=$(new_failures "$(noted failed-before)" "$after")
# The journal takes a moment to have what a unit said last.
[ -z "$fresh" ] || timeout 10 journalctl --sync 2> /dev/null
# shellcheck disable=SC2046 # a word a unit
[ -z "$fresh" ] || journalctl --no-pager --lines=20 --output=short $(for unit in $fresh; do printf -- '--unit=%s ' "$unit"; done) > "$folder/journal" 2>&1
say "units $fresh"
say "activated $code"
if ! succeeded; then
  ln -s revoked "$folder/decision"
  say 'decided revoked'
  restore
fi

now() { read -r up rest < /proc/uptime; echo "${up%.*}"; }
end=$(( $(now) + patience ))
say "awaiting $patience"
while [ ! -L "$folder/decision" ]; do
  left=$(( end - $(now) ))
  if [ "$left" -le 0 ]; then ln -s expired "$folder/decision" 2> /dev/null; break; fi
  timeout "$left" dd bs=1 count=1 <&3 > /dev/null 2>&1
done
decision=$(readlink "$folder/decision")
say "decided $decision"
if [ "$decision" = confirmed ]; then commit; fi
restore
