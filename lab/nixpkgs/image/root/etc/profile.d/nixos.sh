# shellcheck shell=sh
case ":$PATH:" in
  *:/run/current-system/sw/bin:*) ;;
  *) PATH=/run/current-system/sw/bin:$PATH ;;
esac
