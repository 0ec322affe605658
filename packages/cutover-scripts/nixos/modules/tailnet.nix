# A machine that joined its tailnet before this configuration was deployed stays in it: what a deploy does not declare it
# stops, and the deploy itself may come by this way. The node's own state, below /var/lib/tailscale, is enough to come back.
{ lib, settings, ... }:
{
  services.tailscale = lib.mkIf settings.tailnet {
    enable = true;
    openFirewall = true;
    # One that was behind a proxy before kept its peers out.
    extraSetFlags = [ "--shields-up=false" ];
  };
  # As that of the proxy: a restart cuts the way that a deploy may come by, and while the control server is down it finds no
  # peer. A new version is taken up at the next boot.
  systemd.services.tailscaled = lib.mkIf settings.tailnet { restartIfChanged = false; };
}
