# Three agents on 2 GB meet the end of memory; a swap file turns a kill into a pause.
{ lib, settings, ... }:
{
  swapDevices = lib.optional (settings.swap != null) {
    device = settings.swap.file;
    size = settings.swap.sizeMiB;
  };
  boot.kernel.sysctl."vm.swappiness" = 10;
}
