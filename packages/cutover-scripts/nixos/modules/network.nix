# The network as nixpkgs' own Incus images have it: networkd, with DHCP. To another client the server may give another
# address.
{ settings, ... }:
{
  networking = {
    useDHCP = false;
    dhcpcd.enable = false;
    useHostResolvConf = false;
  };
  systemd.network = {
    enable = true;
    # One that is not plugged in does not keep the machine from being online.
    wait-online.anyInterface = true;
    networks."50-instance" = {
      matchConfig.Name = if settings.instanceType == "container" then "eth*" else "en*";
      networkConfig = {
        DHCP = "ipv4";
        IPv6AcceptRA = true;
      };
      linkConfig.RequiredForOnline = "routable";
    };
  };
}
