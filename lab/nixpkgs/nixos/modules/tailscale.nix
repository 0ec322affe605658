# tailscaled as NixOS declares it: the same options, the same units.
{ config, lib, pkgs, ... }:
let
  inherit (lib) mkOption mkIf types;
  cfg = config.services.tailscale;
  flags = mkOption {
    type = types.listOf types.str;
    default = [ ];
  };
  isUserspace = cfg.interfaceName == "userspace-networking";
in
{
  options.services.tailscale = {
    enable = mkOption { type = types.bool; default = false; };
    package = mkOption { type = types.package; default = pkgs.tailscale; };
    port = mkOption { type = types.port; default = 41641; };
    interfaceName = mkOption { type = types.str; default = "tailscale0"; };
    permitCertUid = mkOption { type = types.nullOr types.str; default = null; };
    disableTaildrop = mkOption { type = types.bool; default = false; };
    disableUpstreamLogging = mkOption { type = types.bool; default = false; };
    openFirewall = mkOption { type = types.bool; default = false; };
    useRoutingFeatures = mkOption {
      type = types.enum [ "none" "client" "server" "both" ];
      default = "none";
    };
    authKeyFile = mkOption { type = types.nullOr types.path; default = null; };
    authKeyParameters = mkOption { type = types.attrsOf types.anything; default = { }; };
    extraUpFlags = flags;
    extraSetFlags = flags;
    extraDaemonFlags = flags;
  };
  config = mkIf cfg.enable {
    environment.systemPackages = [ cfg.package ];
    systemd.services.tailscaled = {
      description = "Tailscale node agent";
      wantedBy = [ "multi-user.target" ];
      wants = [ "network-pre.target" ];
      after = [ "network-pre.target" ];
      # A single restart at the end of an activation that may come by way of it.
      stopIfChanged = false;
      serviceConfig = {
        Type = "notify";
        ExecStart = lib.concatStringsSep " " (
          [
            "${cfg.package}/bin/tailscaled"
            "--state=/var/lib/tailscale/tailscaled.state"
            "--socket=/run/tailscale/tailscaled.sock"
            "--port=${toString cfg.port}"
            "--tun=${cfg.interfaceName}"
          ]
          ++ lib.optional cfg.disableUpstreamLogging "--no-logs-no-support"
          ++ cfg.extraDaemonFlags
        );
        ExecStopPost = "-${cfg.package}/bin/tailscaled --cleanup";
        Restart = "on-failure";
        RuntimeDirectory = "tailscale";
        RuntimeDirectoryMode = "0755";
        StateDirectory = "tailscale";
        StateDirectoryMode = "0700";
      };
    };
    systemd.services.tailscaled-autoconnect = mkIf (cfg.authKeyFile != null) {
      after = [ "tailscaled.service" ];
      wants = [ "tailscaled.service" ];
      wantedBy = [ "multi-user.target" ];
      serviceConfig.Type = "oneshot";
      # A node that is logged in keeps its place; the key is named by its file.
      script = ''
        if ${cfg.package}/bin/tailscale status --json --peers=false | grep -q '"BackendState": "Running"'; then exit 0; fi
        ${cfg.package}/bin/tailscale up --auth-key file:${toString cfg.authKeyFile} ${lib.escapeShellArgs cfg.extraUpFlags}
      '';
    };
    systemd.services.tailscaled-set = mkIf (cfg.extraSetFlags != [ ]) {
      after = [ "tailscaled.service" ];
      wants = [ "tailscaled.service" ];
      wantedBy = [ "multi-user.target" ];
      serviceConfig.Type = "oneshot";
      script = "${cfg.package}/bin/tailscale set ${lib.escapeShellArgs cfg.extraSetFlags}";
    };
    # A container has no firewall and no tunnel device of its own to declare.
    networking.firewall = mkIf (cfg.openFirewall && !isUserspace) { allowedUDPPorts = [ cfg.port ]; };
  };
}
