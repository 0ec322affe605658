{ config, lib, pkgs, ... }:
let
  inherit (lib) mkOption types;
  sized = lib.filter (s: s.size != null) config.swapDevices;
  unitName = device: lib.replaceStrings [ "-" "/" ] [ "\\x2d" "-" ] (lib.removePrefix "/" device);
in
{
  options.swapDevices = mkOption {
    default = [ ];
    type = types.listOf (
      types.submodule {
        options = {
          device = mkOption { type = types.nonEmptyStr; };
          size = mkOption { type = types.nullOr types.int; default = null; };
          priority = mkOption { type = types.nullOr types.int; default = null; };
          randomEncryption = mkOption { type = types.anything; default = false; };
          options = mkOption { type = types.listOf types.nonEmptyStr; default = [ "defaults" ]; };
          label = mkOption { type = types.nullOr types.str; default = null; };
        };
      }
    );
  };
  # The file is made and formatted; a container may not turn it on, and there it holds no blocks.
  config.systemd.services = lib.listToAttrs (
    map (
      s:
      lib.nameValuePair "mkswap-${unitName s.device}" {
        description = "Initialisation of swap device ${s.device}";
        wantedBy = [ "swap.target" ];
        before = [ "${unitName s.device}.swap" ];
        path = [ pkgs.util-linux ];
        serviceConfig = {
          Type = "oneshot";
          RemainAfterExit = true;
        };
        unitConfig.DefaultDependencies = false;
        script = ''
          device=${lib.escapeShellArg s.device}
          bytes=$(( ${toString s.size} * 1024 * 1024 ))
          [ "$(stat -c %s "$device" 2> /dev/null)" = "$bytes" ] && exit 0
          rm -f "$device"
          if systemd-detect-virt --quiet --container; then truncate -s "$bytes" "$device"; else fallocate -l "$bytes" "$device"; fi
          chmod 0600 "$device"
          mkswap "$device"
        '';
      }
    ) sized
  );
  config.systemd.units = lib.listToAttrs (
    map (
      s:
      lib.nameValuePair "${unitName s.device}.swap" {
        wantedBy = [ "swap.target" ];
        text = ''
          [Unit]
          ConditionVirtualization=!container
          [Swap]
          What=${s.device}
        '';
      }
    ) config.swapDevices
  );
}
