# ssh to this machine, by key only; ssh from it, to hosts whose keys are known.
{
  lib,
  pkgs,
  settings,
  ...
}:
let
  inherit (settings) ssh proxy;
  through =
    host:
    if host.proxy && proxy != null then
      # When the proxy dies nc stays, and ssh with it, unless ssh asks for a sign of life.
      "  ProxyCommand ${pkgs.netcat}/bin/nc -X 5 -x 127.0.0.1:${toString proxy.port} %h %p\n"
      + "  ServerAliveInterval 5\n  ServerAliveCountMax 2\n"
    else
      "";
in
{
  services.openssh = {
    enable = true;
    settings = {
      PasswordAuthentication = false;
      KbdInteractiveAuthentication = false;
      PermitRootLogin = "prohibit-password";
    };
  };
  networking.firewall.allowedTCPPorts = [ 22 ];

  programs.ssh.knownHosts = lib.listToAttrs (
    lib.imap0 (
      i: known:
      lib.nameValuePair "known-${toString i}" {
        inherit (known) hostNames publicKey;
      }
    ) ssh.knownHosts
  );
  programs.ssh.extraConfig = lib.concatMapStrings (
    host:
    ''
      Host ${host.alias}
        HostName ${host.hostName}
        User ${host.user}
        Port ${toString host.port}
    ''
    + lib.optionalString (host.identityFile != null) ''
      ${"  "}IdentityFile ${host.identityFile}
      ${"  "}IdentitiesOnly yes
    ''
    + "  StrictHostKeyChecking yes\n"
    + through host
  ) ssh.hosts;
}
