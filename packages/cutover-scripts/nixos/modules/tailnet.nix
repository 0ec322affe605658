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
}
