# A tailnet without a tunnel device: tailscaled in user space, offering a SOCKS proxy on this machine alone.
{
  lib,
  pkgs,
  settings,
  ...
}:
let
  inherit (settings) proxy;
  # Where a direct peer has it too, so that a change from one to the other keeps the node.
  state = "/var/lib/tailscale";
  socket = "/run/${proxy.name}/tailscaled.sock";
in
{
  systemd.services = lib.mkIf (proxy != null) {
    ${proxy.name} = {
      description = "SOCKS proxy into the tailnet";
      wantedBy = [ "multi-user.target" ];
      wants = [ "network-online.target" ];
      after = [ "network-online.target" ];
      # Two daemons on one state would be one node twice.
      conflicts = [ "tailscaled.service" ];
      # Restarting it cuts the very path that a deploy may come by, and while its control server is down it would find no
      # peer: a new version is taken up at the next boot.
      restartIfChanged = false;
      serviceConfig = {
        Type = "notify";
        ExecStart = "${pkgs.tailscale}/bin/tailscaled --tun=userspace-networking --socks5-server=127.0.0.1:${toString proxy.port} --statedir=${state} --socket=${socket}";
        StateDirectory = "tailscale";
        StateDirectoryMode = "0700";
        RuntimeDirectory = proxy.name;
        Restart = "always";
        RestartSec = 5;
      };
    };
    "${proxy.name}-up" = {
      description = "Joins the tailnet with the key that was given to this machine";
      wantedBy = [ "multi-user.target" ];
      requires = [ "${proxy.name}.service" ];
      # The key may be one of the secrets.
      wants = lib.optional (settings.secrets != null) "cutover-secrets.service";
      after = [ "${proxy.name}.service" ] ++ lib.optional (settings.secrets != null) "cutover-secrets.service";
      path = [ pkgs.tailscale ];
      serviceConfig = {
        Type = "oneshot";
        RemainAfterExit = true;
        Restart = "on-failure";
        RestartSec = 10;
        RestartPreventExitStatus = 78;
      };
      # In user space a peer reaches every port that listens on the loopback address, the SOCKS port too: shields up.
      script = ''
        exec ${pkgs.runtimeShell} ${./join-tailnet.sh} ${
          lib.escapeShellArgs [
            socket
            settings.hostName
            (if proxy.authKeyFile == null then "" else proxy.authKeyFile)
            (if proxy.loginServer == null then "" else proxy.loginServer)
            "--shields-up=${lib.boolToString (!proxy.openToTailnet)}"
          ]
        }
      '';
    };
  };
}
