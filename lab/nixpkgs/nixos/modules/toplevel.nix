{ config, lib, pkgs, specialise, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.system;
in
{
  options.system = {
    stateVersion = mkOption { type = types.nullOr types.str; default = "24.11"; };
    name = mkOption { type = types.str; default = config.networking.hostName; };
    nixos = mkOption { type = types.anything; default = { }; };
    configurationRevision = mkOption { type = types.nullOr types.str; default = null; };
    extraDependencies = mkOption { type = types.listOf types.anything; default = [ ]; };
    autoUpgrade = mkOption { type = types.anything; default = { }; };
    # A change of one of these keeps a running machine from switching: they go to a file as JSON.
    switch = {
      enable = mkOption { type = types.bool; default = true; };
      inhibitors = mkOption { type = types.attrsOf types.str; default = { }; };
    };
    preSwitchChecks = mkOption { type = types.attrsOf types.lines; default = { }; };
    build.toplevel = mkOption { type = types.package; };
    # What stands for a kernel: changing it is what makes a reboot needed.
    lab.kernel = mkOption { type = types.str; default = "6.6.0-lab"; };
    lab.kernelParams = mkOption { type = types.listOf types.str; default = [ ]; };
  };
  options.specialisation = mkOption {
    default = { };
    type = types.attrsOf (
      types.submodule {
        options.configuration = mkOption { type = types.raw; default = { }; };
      }
    );
  };

  config.system.preSwitchChecks.switchInhibitors = ''
    case "''${2-}" in
      boot | dry-activate)
        echo "Not checking switch inhibitors (action = $2)"
        exit 0
        ;;
    esac
    before=/run/current-system/switch-inhibitors
    [ -f "$before" ] || exit 0
    changed=$(jq --raw-output --null-input --slurpfile old "$before" --slurpfile new "$1/switch-inhibitors" \
      '$new[0] as $n | $old[0] | to_entries[] | select(.key | in($n)) | select(.value != $n[.key]) | .key')
    if [ -n "$changed" ]; then
      echo "There are changes to critical components of the system: $changed"
      exit 1
    fi
  '';
  config.system.build.toplevel = pkgs.runCommand "nixos-system-${cfg.name}-24.11.lab" {
    inherit (cfg.lab) kernel kernelParams;
    activation = ''
      #!/bin/bash
      # Makes the running machine that of this closure: users, files, and what modules add; then it is the current system.
      systemConfig=@out@
      dry=
      [ "$1" = --dry ] && dry=1
      export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
      umask 022
      _status=0
      ${cfg.build.activationText}
      if [ -z "$dry" ]; then
        mkdir -p /nix/var/nix/gcroots
        ln -sfn /run/current-system /nix/var/nix/gcroots/current-system
        ln -sfn /run/booted-system /nix/var/nix/gcroots/booted-system
        ln -sfn "$systemConfig" /run/current-system.new && mv -T /run/current-system.new /run/current-system
      fi
      exit "$_status"
    '';
    passAsFile = [ "activation" "checks" ];
    inhibitors = builtins.toJSON cfg.switch.inhibitors;
    checks = ''
      #!/bin/bash
      # $1 the new system, $2 the action.
      failed=0
    '' + lib.concatStrings (
      lib.mapAttrsToList (name: text: ''
        if ! (
          set -e
          ${text}
        ) ; then
          echo "Pre-switch check '${name}' failed"
          failed=1
        fi
      '') cfg.preSwitchChecks
    ) + "exit \"$failed\"\n";
    etc = cfg.build.etc;
    units = cfg.build.units;
    path = cfg.build.path;
    switch = ../switch-to-configuration.sh;
    specialisations = lib.concatMapStringsSep "\n" (
      name:
      "${name} ${
        specialise [
          config.specialisation.${name}.configuration
          { specialisation = lib.mkForce { }; }
        ]
      }"
    ) (lib.attrNames config.specialisation);
  } ''
    mkdir -p "$out/bin" "$out/etc/systemd" "$out/kernel-modules" "$out/specialisation"
    sed "s#@out@#$out#" "$activationPath" > "$out/activate"
    sed "s#@out@#$out#" "$switch" > "$out/bin/switch-to-configuration"
    sed "s#@out@#$out#" "$checksPath" > "$out/pre-switch-checks"
    chmod 555 "$out/activate" "$out/bin/switch-to-configuration" "$out/pre-switch-checks"
    printf '%s' "$inhibitors" > "$out/switch-inhibitors"
    for entry in "$etc/etc"/*; do
      [ "$(basename "$entry")" = systemd ] || ln -s "$entry" "$out/etc/$(basename "$entry")"
    done
    printf '%s\n' "$specialisations" | while read -r name path; do
      [ -z "$name" ] || ln -s "$path" "$out/specialisation/$name"
    done
    ln -s "$units" "$out/etc/systemd/system"
    ln -s "$path" "$out/sw"
    printf '%s' 24.11.lab > "$out/nixos-version"
    printf '%s' "$system" > "$out/system"
    printf '%s' "$kernel" > "$out/kernel"
    printf 'initrd of %s' "$kernel" > "$out/initrd"
    printf '%s' "$kernelParams" > "$out/kernel-params"
    printf '%s' "$kernel" > "$out/kernel-modules/release"
    printf 'systemd 1' > "$out/init-interface-version"
  '';
}
