# A tailnet without a tunnel device: tailscaled in user space, offering a SOCKS proxy on this machine alone.
{
  lib,
  pkgs,
  settings,
  ...
}:
let
  inherit (settings) proxy;
  state = "/var/lib/${proxy.name}";
  socket = "/run/${proxy.name}/tailscaled.sock";
in
{
  systemd.services = lib.mkIf (proxy != null) {
    ${proxy.name} = {
      description = "SOCKS proxy into the tailnet";
      wantedBy = [ "multi-user.target" ];
      wants = [ "network-online.target" ];
      after = [ "network-online.target" ];
      # Restarting it cuts the very path that a deploy may come by: a new version is taken up at the next boot.
      restartIfChanged = false;
      serviceConfig = {
        ExecStart = "${pkgs.tailscale}/bin/tailscaled --tun=userspace-networking --socks5-server=127.0.0.1:${toString proxy.port} --statedir=${state} --socket=${socket}";
        StateDirectory = proxy.name;
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
      # Once joined the node's own state is enough, and the key may be gone.
      unitConfig.ConditionPathExists = proxy.authKeyFile;
      serviceConfig = {
        Type = "oneshot";
        RemainAfterExit = true;
        Restart = "on-failure";
        RestartSec = 10;
        LoadCredential = "key:${proxy.authKeyFile}";
      };
      # The key is named by its file: it is in no argument and in no environment.
      script = ''
        exec ${pkgs.tailscale}/bin/tailscale --socket=${socket} up --hostname=${settings.hostName} \
          --auth-key=file:"$CREDENTIALS_DIRECTORY"/key ${
            lib.optionalString (proxy.loginServer != null) "--login-server=${lib.escapeShellArg proxy.loginServer}"
          }
      '';
    };
  };
}
