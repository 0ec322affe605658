#!/bin/sh
# Runs on the target, in a systemd unit of its own, and outlives the connection that started it. It activates the new
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

restore() {
  code=0
  link=$(noted previous-link)
  if [ -n "$(noted profile-changed)" ] && [ -n "$link" ]; then
    link=${link%-link}
    nix-env --profile "$profile" --switch-generation "${link##*-}" || code=$?
    previous=$(real "$profile")
    [ -z "$previous" ] || "$previous/bin/switch-to-configuration" boot 8>&- 3>&- || code=$?
  fi
  previous=$(noted previous-system)
  if [ "$action" != boot ] && [ -n "$(noted activating)" ] && [ -n "$previous" ]; then
    say "restoring $previous"
    before=$(noted failed-before)
    # What failed is of the system that is left: as a failed unit without a file it would stay for ever.
    fresh=$(new_failures "$before" "$(failed_units)")
    # shellcheck disable=SC2086 # a word a unit
    [ -z "$fresh" ] || systemctl reset-failed $fresh
    "$previous/bin/switch-to-configuration" test 8>&- 3>&-
    restored=$?
    if [ "$restored" = 4 ] && [ -z "$(new_failures "$before" "$(failed_units)")" ]; then restored=0; fi
    [ "$(real "$current")" = "$previous" ] || restored=1
    [ "$restored" = 0 ] || code=$restored
  fi
  say "restored $code"
  if [ "$code" = 0 ]; then finish restored; else finish restore-failed; fi
}

commit() {
  if [ "$action" != test ]; then
    if [ "$(real "$profile")" != "$toplevel" ] || [ "$generation" != new ]; then
      note profile-changed yes
      if [ "$generation" = new ]; then set -- --set "$toplevel"; else set -- --switch-generation "$generation"; fi
      if ! nix-env --profile "$profile" "$@"; then
        say 'boot-loader 1'
        restore
      fi
    fi
    link=$(readlink "$profile")
    link=${link%-link}
    say "profile ${link##*-}"
    note profile-changed yes
    "$toplevel/bin/switch-to-configuration" boot 8>&- 3>&-
    code=$?
    say "boot-loader $code"
    [ "$code" = 0 ] || restore
  fi
  note committed yes
  finish committed
}

exec 8>> "$state/activation.lock"
if [ "$mode" = recover ]; then
  # The supervisor itself was killed. A machine that is going down boots the old system anyway.
  [ -s "$folder/armed" ] || exit 0
  [ "$(systemctl is-system-running 2> /dev/null)" != stopping ] || exit 0
  flock --wait 60 8
  [ -z "$(noted committed)" ] || finish committed
  if [ "$(readlink "$folder/decision")" = confirmed ]; then commit; fi
  ln -s revoked "$folder/decision" 2> /dev/null
  restore
fi

if ! flock --nonblock 8; then
  say "locked $(cat "$state/activation.holder" 2> /dev/null)"
  note outcome locked
  exit 0
fi
printf '%s\n' "$holder" > "$state/activation.holder"
exec 3<> "$folder/wake"
note previous-system "$(real "$current")"
note previous-link "$(readlink "$profile")"
note failed-before "$(failed_units)"
note armed yes
say "armed $(noted previous-system)"

if [ "$action" = boot ]; then commit; fi

note activating yes
say "activating $system"
timeout --kill-after=10 "$limit" "$system/bin/switch-to-configuration" test 8>&- 3>&-
code=$?
# Without a complaint there is nothing to be told apart.
if [ "$code" = 0 ]; then after=; else after=$(failed_units); fi
fresh=$(new_failures "$(noted failed-before)" "$after")
# The journal takes a moment to have what a unit said last.
[ -z "$fresh" ] || timeout 10 journalctl --sync 2> /dev/null
# shellcheck disable=SC2046 # a word a unit
[ -z "$fresh" ] || journalctl --no-pager --lines=20 --output=short $(for unit in $fresh; do printf -- '--unit=%s ' "$unit"; done) > "$folder/journal" 2>&1
say "units $fresh"
say "activated $code"
if [ "$code" = 4 ] && [ -z "$fresh" ] && [ -n "$after" ]; then :
elif [ "$code" != 0 ]; then
  ln -s revoked "$folder/decision"
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
