{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  hosts = config.networking.hosts;
in
{
  options.networking = {
    hostName = mkOption { type = types.str; default = "nixos"; };
    domain = mkOption { type = types.nullOr types.str; default = null; };
    hostId = mkOption { type = types.nullOr types.str; default = null; };
    hosts = mkOption { type = types.attrsOf (types.listOf types.str); default = { }; };
    extraHosts = mkOption { type = types.lines; default = ""; };
    firewall = mkOption { type = types.anything; default = { }; };
    nameservers = mkOption { type = types.listOf types.str; default = [ ]; };
    search = mkOption { type = types.listOf types.str; default = [ ]; };
    useDHCP = mkOption { type = types.anything; default = true; };
    useNetworkd = mkOption { type = types.bool; default = false; };
    useHostResolvConf = mkOption { type = types.bool; default = true; };
    dhcpcd = mkOption { type = types.anything; default = { }; };
    networkmanager = mkOption { type = types.anything; default = { }; };
    interfaces = mkOption { type = types.anything; default = { }; };
    nftables = mkOption { type = types.anything; default = { }; };
  };
  config.environment.etc.hostname = {
    mode = "0644";
    text = config.networking.hostName + "\n";
  };
  config.system.activationScripts.hostname = {
    deps = [ "etc" ];
    text = ''
      [ "$HOSTNAME" = ${lib.escapeShellArg config.networking.hostName} ] || hostname ${lib.escapeShellArg config.networking.hostName}
      declared=${
        lib.escapeShellArg (
          lib.concatLines (
            [
              "# declared hosts"
              "127.0.1.1 ${config.networking.hostName}"
            ]
            ++ lib.mapAttrsToList (address: names: "${address} ${lib.concatStringsSep " " names}") hosts
            ++ lib.filter (l: l != "") (lib.splitString "\n" config.networking.extraHosts)
            ++ [ "# end of declared hosts" ]
          )
        )
      }
      present=$(< /etc/hosts)$'\n'
      case $present in
        *"$declared"*) ;;
        *)
          sed '/^# declared hosts$/,/^# end of declared hosts$/d' /etc/hosts > /etc/hosts.nixos-new
          printf '%s' "$declared" >> /etc/hosts.nixos-new
          cat /etc/hosts.nixos-new > /etc/hosts
          rm /etc/hosts.nixos-new
          ;;
      esac
    '';
  };
}
