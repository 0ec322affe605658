#!/bin/sh
# Prints what runs in the tmux sessions of users, as root. Arguments: the users; without any, each user with a tmux server.
# A line for each session: USER, its name, where it works, and the words of its program, which are separated by \037
# (a line break in one of them is \036). TAB separates the fields.

# The first process at or below $1 that is neither a shell nor a pipe around the program.
program() {
  queue=$1
  while [ -n "$queue" ]; do
    below=
    for pid in $queue; do
      case $(cat "/proc/$pid/comm" 2>/dev/null) in
        '' | sh | bash | dash | zsh | fish | tee | cat | script | login | su | runuser | sudo | timeout | env) ;;
        *)
          echo "$pid"
          return
          ;;
      esac
      below="$below $(pgrep -P "$pid" | tr '\n' ' ')"
    done
    queue=$below
  done
}

if [ $# -eq 0 ]; then
  for folder in /tmp/tmux-*; do
    [ -S "$folder/default" ] || continue
    id=${folder##*-}
    [ "$id" = 0 ] || set -- "$@" "$(id -un "$id")"
  done
fi
for user; do
  socket=/tmp/tmux-$(id -u "$user")/default
  [ -S "$socket" ] || continue
  # No name of a session has a colon; of other separators tmux makes an underscore where the locale is not UTF-8.
  runuser -u "$user" -- tmux -u -S "$socket" list-panes -a -F '#{session_name}:#{pane_pid}:#{pane_current_path}' 2>/dev/null |
    while IFS=: read -r session pane path; do
      pid=$(program "$pane")
      words=
      [ -z "$pid" ] || words=$(tr '\0\n' '\037\036' <"/proc/$pid/cmdline" 2>/dev/null)
      printf '%s\t%s\t%s\t%s\n' "$user" "$session" "$path" "$words"
    done
done
