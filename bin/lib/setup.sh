# shellcheck shell=bash
# Sourced by bin/rehearse, bin/test and bin/bench, in the root of the checkout. Defines `setup`, which makes a fresh
# Debian machine ready: Debian's packages, npm's packages, the built workspace and the image of the lab's hosts.
# Quiet when there is nothing to do. Everything it says goes to standard error.

# iptables beside the nftables that Incus brings: nft of Debian 12 crashes on some tables that newer programs make, and
# Incus then falls back to iptables.
setup_packages=(
  acl btrfs-progs ca-certificates curl dnsmasq-base dropbear-bin fish git incus-base incus-client iproute2 iptables jq mksh
  mmdebstrap netcat-openbsd nix-bin openssh-client openssh-server procps rsync shellcheck strace tcsh tmux zsh
)

setup() {
  local machine sops='' failed=0
  setup_started=$(date +%s%N)
  setup_requirements || return 1
  # Debian's packages and the image take one core most of their time, npm's packages and the build the other.
  (setup_debian && setup_image) &
  machine=$!
  # Only for those that have sourced bin/lib/sops.sh. It has no say in whether set-up worked.
  if declare -F setup_sops >/dev/null; then
    setup_sops &
    sops=$!
  fi
  setup_node || failed=1
  wait "$machine" || failed=1
  [ -z "$sops" ] || wait "$sops" || true
  return "$failed"
}

# say TEXT: a line of progress with the seconds since the start.
setup_say() {
  printf 'setup %4.1fs  %s\n' "$(((($(date +%s%N) - setup_started)) / 100000000))e-1" "$1" >&2
}

setup_requirements() {
  if [ "$(id -u)" -ne 0 ]; then
    echo "$0: the lab runs an Incus daemon, so this has to be run as root (try: sudo $0)" >&2
    return 1
  fi
  if ! command -v apt-get dpkg-query >/dev/null; then
    echo "$0: the lab is made of Debian's packages: run this on Debian 12 or later" >&2
    return 1
  fi
  if ! node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)' 2>/dev/null; then
    echo "$0: Node 20.19 or later is needed; found: $(node --version 2>/dev/null || echo none)" >&2
    return 1
  fi
}

setup_missing() {
  dpkg-query --show --showformat '${db:Status-Status} ${Package}\n' "${setup_packages[@]}" 2>/dev/null |
    awk '$1 == "installed" { print $2 }' | sort -u | comm -13 - <(printf '%s\n' "${setup_packages[@]}" | sort -u)
}

setup_debian() {
  [ -n "$(setup_missing)" ] || return 0
  # Two checkouts at once take turns; the second finds everything installed.
  (
    mkdir -p /run/lock
    exec 8>/run/lock/cutover-apt.lock
    flock --nonblock 8 || {
      setup_say 'waiting for another set-up to finish with apt'
      flock 8
    }
    missing=$(setup_missing)
    [ -n "$missing" ] || exit 0
    setup_say "installing Debian packages: ${missing//$'\n'/ }"
    setup_apt update || exit 1
    case "$missing" in *incus*) setup_backports || exit 1 ;; esac
    # shellcheck disable=SC2086 # one word a package
    setup_apt install --yes --no-install-recommends $missing || exit 1
    setup_say 'installed Debian packages'
  )
}

# Waits for other users of dpkg too. Says every few seconds where it is; shows its output only when it fails.
setup_apt() {
  local output waiting=0 apt
  output=$(mktemp)
  DEBIAN_FRONTEND=noninteractive apt-get --quiet --option DPkg::Lock::Timeout=300 "$@" >"$output" 2>&1 8>&- </dev/null &
  apt=$!
  while kill -0 "$apt" 2>/dev/null; do
    sleep 0.2
    waiting=$((waiting + 1))
    if [ $((waiting % 50)) -eq 0 ]; then setup_say "apt-get $1: $(tail -n 1 "$output" | cut -c1-80)"; fi
  done
  wait "$apt" || {
    tail -n 30 "$output" >&2
    rm -f "$output"
    echo "$0: apt-get $1 failed; its last words are above" >&2
    return 1
  }
  rm -f "$output"
}

# Debian 12 has Incus in its backports only. The suite is added beside the release that apt already knows, from the
# same address, so that a mirror or a proxy of this machine stays in use.
setup_backports() {
  local codename address
  apt-cache show incus-base >/dev/null 2>&1 && return 0
  codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
  address=$(apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' |
    awk -v release="$codename" '$1 == release && $2 == "main" { print $3; exit }')
  if [ -z "$address" ]; then
    echo "$0: apt knows no address for $codename main, so $codename-backports (for Incus) cannot be added; add it by hand" >&2
    return 1
  fi
  setup_say "adding $codename-backports to apt's sources, for Incus"
  {
    echo "# Added by cutover's set-up, for Incus."
    echo 'Types: deb'
    echo "URIs: $address"
    echo "Suites: $codename-backports"
    echo 'Components: main'
    echo 'Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg'
  } >/etc/apt/sources.list.d/cutover-backports.sources
  setup_apt update
}

setup_image() {
  if [ ! -e "$(lab/images/build --path)" ]; then
    setup_say "building the image of the lab's hosts (about 45 s, once)"
  fi
  lab/images/build >/dev/null
}

setup_node() {
  (
    # The lock is on the checkout itself: two commands started in it at once take turns.
    exec 7<package.json
    flock 7
    if ! node bin/lib/installed.mjs; then
      setup_say 'npm ci'
      npm ci --no-progress --loglevel=error >&2 7<&- || exit 1
    fi
    export TURBO_TELEMETRY_DISABLED=1 DO_NOT_TRACK=1
    if ! output=$(node_modules/.bin/turbo run build --output-logs=errors-only --no-daemon 2>&1 7<&-); then
      echo "$output" >&2
      echo "$0: the build failed; its output is above" >&2
      exit 1
    fi
    case "$output" in *'FULL TURBO'*) ;; *) setup_say 'built the packages' ;; esac
  )
}
