/**
 * Replaces a file by its standard input; arguments: directory, name, bytes, mode, owner and group (which may be
 * empty), and a name that nothing has. Exit code 65: refused, with the reason as last line of stderr.
 *
 * - It enters the directory first and then looks at where it is, so that a directory swapped meanwhile for a
 *   symlink is seen. In one that others may write to, they could swap the temporary file under its name.
 * - The temporary file's name is known before it is made (O_EXCL, by `set -C`), so that a signal at any moment leaves
 *   none behind.
 * - It is named by its descriptor from then on: the owner of the directory could put a symlink in its place, for root
 *   to give away another file.
 * - The length is checked because a lost connection looks like end of file.
 * - Owner and mode are set before the rename (chown clears set-id bits, so it goes first).
 * - fsync of the file before the rename and of the directory after it (`sync FILE` is fsync since coreutils 8.24).
 */
export const writeFileScript = `
set -u
umask 077
refuse() { printf '%s\\n' "$1" >&2; exit 65; }
directory=$1 name=$2 bytes=$3 mode=$4 owner=$5 group=$6 temporary=./$7
[ -e "$directory" ] || refuse 'its parent directory does not exist: create it first'
[ ! -L "$directory" ] || refuse 'its parent directory is a symlink: name the real one'
cd -- "$directory" || refuse 'its parent directory cannot be entered'
set -- $(stat -c '%d:%i' -- "$directory") $(stat -c '%d:%i %a %U %G' .)
[ "$#" = 5 ] && [ "$1" = "$2" ] || refuse 'its parent directory changed meanwhile'
case $3 in
  [1357]???) ;;
  *[2367]) refuse 'its parent directory may be written by all users: chmod o-w it first' ;;
  *[2367]?)
    [ "$4" = "$5" ] && [ "$5" != UNKNOWN ] ||
      refuse "its parent directory may be written by the group $5: chmod g-w it first" ;;
esac
[ ! -d "./$name" ] || [ -L "./$name" ] || refuse 'it is a directory'

persist() { sync -- "$file" || refuse 'it could not be made durable'; }
fill() {
  file=/proc/self/fd/3
  cat >&3 || refuse 'its content could not be written'
  [ "$(stat -L -c %s "$file")" = "$bytes" ] || refuse 'its content did not arrive whole'
  if [ -n "$owner" ]; then
    [ -n "$group" ] || group=$(id -g -- "$owner") || refuse "there is no user $owner, or the group has to be named"
    chown -- "$owner:$group" "$file" || refuse "it could not be given to $owner:$group"
  elif [ -n "$group" ]; then
    chgrp -- "$group" "$file" || refuse "it could not be given to the group $group"
  fi
  # sync has to open it for reading, which the mode may forbid to its owner.
  case $mode in ?[4-7]??) ;; *) persist ;; esac
  chmod -- "$mode" "$file" || refuse "its mode could not be set to $mode"
  case $mode in ?[4-7]??) persist ;; esac
}
trap 'rm -f -- "$temporary"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 141' PIPE
trap 'exit 143' TERM
set -C
fill 3> "$temporary" || refuse 'no file can be made beside it'
mv -f -T -- "$temporary" "./$name" || refuse 'it could not be put in place'
sync . || refuse 'it is in place but its directory could not be made durable'
`;
