# shellcheck shell=sh
# Replaces a file by its standard input; arguments: directory, name, bytes, mode, owner and group (which may be empty),
# `keep` or nothing, and a name that nothing has. Exit code 65: refused, with the reason as last line of stderr.
#
# - It enters the directory first and then looks at where it is, so that a directory that is swapped for a symlink
#   meanwhile is seen. In one that others may write to, they could swap the file under its name.
# - The file is made in a folder that is closed from its first moment: `mkdir -m` passes the mode to mkdir(2), which
#   also takes all from the users that a default ACL names. No other user can swap what is in it, nor move the folder
#   elsewhere, so the rest goes by `.` and `..`. `install` makes the file and removes its ACL, before there is content.
# - The folder's name is known before it is made, so that a signal at any moment leaves none behind.
# - The length is checked because a lost connection looks like end of file.
# - Owner and mode are set before the rename (chown clears set-id bits, so it goes first).
# - fsync of the file before the rename and of the directory after it (`sync FILE` is fsync since coreutils 8.24).
set -u
umask 077
refuse() { printf '%s\n' "$1" >&2; exit 65; }
directory=$1 name=$2 bytes=$3 mode=$4 owner=$5 group=$6 keep=$7 closed=$8
[ -e "$directory" ] || refuse 'its parent directory does not exist: create it first'
[ ! -L "$directory" ] || refuse 'its parent directory is a symlink: name the real one'
cd -- "$directory" || refuse 'its parent directory cannot be entered'
# `device:inode permissions`, with a fixed number of words whatever its users and groups are called.
here=$(stat -c '%d:%i %a' .)
[ "$(stat -c '%d:%i %a' -- "$directory")" = "$here" ] || refuse 'its parent directory changed meanwhile'
case $here in
  *' '[1357]???) ;;
  *[2367]) refuse 'all users may write to its parent directory: chmod o-w it first' ;;
  *[2367]?)
    shared=$(stat -c %G .)
    if [ "$shared" = UNKNOWN ] || [ "$shared" != "$(stat -c %U .)" ]; then
      refuse "the group $shared may write to its parent directory: chmod g-w it first"
    fi
    # Those of the group are then the mask of the ACL: what its entries give to other users and groups holds.
    case $(ls -ld .) in
      ??????????+*)
        entries=$(getfacl -cpn . 2>/dev/null) ||
          refuse 'its parent directory has an ACL, and there is no getfacl to read it: chmod g-w it first'
        if printf '%s\n' "$entries" | grep -vE "^user:(0|$(stat -c %u .)):" | grep -qE '^(user|group):[^:]+:.w'; then
          refuse 'others may write to its parent directory by its ACL: chmod g-w it first'
        fi ;;
    esac ;;
esac
if [ -e "./$name" ] && [ ! -f "./$name" ] && [ ! -L "./$name" ]; then
  refuse "it is a $(stat -c %F -- "./$name"), not a regular file"
fi

inside=
leave() {
  if [ -n "$inside" ]; then rm -f -- "./$closed"; cd ..; fi
  [ ! -d "./$closed" ] || rmdir -- "./$closed"
}
trap leave EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 141' PIPE
trap 'exit 143' TERM
mkdir -m 700 -- "./$closed" || refuse 'no file can be made beside it'
cd -P -- "./$closed" || refuse 'no file can be made beside it'
if [ ! -O . ] || [ "$(stat -c '%d:%i %a' ..)" != "$here" ]; then refuse 'its parent directory changed meanwhile'; fi
case $(stat -c %a .) in *700) ;; *) refuse 'no folder that is closed to others can be made beside it' ;; esac
inside=yes

install -m 600 -- /dev/null "./$closed" || refuse 'no file can be made beside it'
case $(ls -ld -- "./$closed") in ??????????+*) refuse 'it gets an ACL that cannot be removed' ;; esac
cat > "./$closed" || refuse 'its content could not be written'
[ "$(stat -c %s -- "./$closed")" = "$bytes" ] || refuse 'its content did not arrive whole'
if [ -n "$owner" ]; then
  [ -n "$group" ] || group=$(id -g -- "$owner") || refuse "there is no user $owner, or the group has to be named"
  chown -- "$owner:$group" "./$closed" || refuse "it could not be given to $owner:$group"
elif [ -n "$group" ]; then
  chgrp -- "$group" "./$closed" || refuse "it could not be given to the group $group"
fi
if [ -n "$keep" ] && [ -f "../$name" ] && [ ! -L "../$name" ]; then
  cp --attributes-only --preserve=mode,xattr -- "../$name" "./$closed" || refuse 'its ACL could not be kept'
fi
persist() { sync -- "./$closed" || refuse 'it could not be made durable'; }
# sync has to open it for reading, which the mode may forbid to its owner.
case $mode in ?[4-7]??) ;; *) persist ;; esac
chmod -- "$mode" "./$closed" || refuse "its mode could not be set to $mode"
case $mode in ?[4-7]??) persist ;; esac
mv -f -T -- "./$closed" "../$name" || refuse 'it could not be put in place'
leave
inside=
sync . || refuse 'it is in place but its directory could not be made durable'
