# shellcheck shell=bash
# Sourced by bin/test and bin/bench. Defines `setup_sops`, which builds the real sops from source, to hold our files
# against it: once, cached by version outside the checkout, as $XDG_CACHE_HOME/cutover/tools/sops-vVERSION/sops.
# Where it cannot be built it says so, and what needs it is skipped; it never fails set-up. The older release is built
# for the full counts (CUTOVER_SOAK) only.

setup_sops_versions=(3.13.2 3.10.2)

setup_sops() {
  local version folder
  for version in "${setup_sops_versions[@]}"; do
    folder="${XDG_CACHE_HOME:-$HOME/.cache}/cutover/tools/sops-v$version"
    [ ! -x "$folder/sops" ] || continue
    if [ "$version" != "${setup_sops_versions[0]}" ] && [ -z "${CUTOVER_SOAK:-}" ]; then
      setup_say "sops $version is built with --soak only: what compares with it is skipped"
      continue
    fi
    if ! command -v go >/dev/null; then
      setup_say 'Go is not installed, so the real sops is not built: what compares with it is skipped'
      return
    fi
    setup_sops_build "$version" "$folder" || return
  done
}

setup_sops_build() {
  local version=$1 folder=$2 part="$2.part.$$"
  mkdir -p "$(dirname "$folder")"
  # Two checkouts at once take turns; the second finds it built.
  (
    flock 9
    [ ! -x "$folder/sops" ] || exit 0
    setup_say "building sops $version with Go (about a minute, once)"
    if ! output=$(GOBIN="$part" CGO_ENABLED=0 go install "github.com/getsops/sops/v3/cmd/sops@v$version" 2>&1 9>&-); then
      rm -rf "$part"
      setup_say "sops $version could not be built, so what compares with it is skipped: $(tail -n 1 <<<"$output" | cut -c1-200)"
      exit 1
    fi
    rm -rf "$folder"
    mv "$part" "$folder"
    setup_say "built sops $version"
  ) 9>"$folder.lock"
}
