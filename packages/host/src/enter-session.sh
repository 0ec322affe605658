# shellcheck shell=sh
# Drops the variables that say whose session it is, and enters the home unless there is a `cwd` (`$1` is empty).
unset XDG_RUNTIME_DIR XDG_SESSION_ID DBUS_SESSION_BUS_ADDRESS MAIL SSH_AUTH_SOCK
[ -n "$1" ] || cd -- "$HOME" 2>/dev/null || cd /
shift
exec "$@"
