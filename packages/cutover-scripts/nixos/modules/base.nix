# What every machine of this kind has: Nix with flakes, the packages asked for, time, and a bounded journal.
{
  lib,
  pkgs,
  settings,
  ...
}:
let
  # "nodejs" or "python3Packages.requests": a name that nixpkgs does not have is named in the error.
  find =
    name:
    lib.attrByPath (lib.splitString "." name) (throw "settings.json: nixpkgs has no package ${name}") pkgs;
in
{
  environment.systemPackages = map find settings.packages;

  nix.settings = {
    experimental-features = [
      "nix-command"
      "flakes"
    ];
    # A deploy builds here as root; nobody else is trusted with unsigned paths.
    trusted-users = [ "root" ];
    # A build that would fill the disk stops to collect garbage first (bytes).
    min-free = 512 * 1024 * 1024;
    max-free = 2048 * 1024 * 1024;
  };
  nixpkgs.config.allowUnfreePredicate = package: builtins.elem (lib.getName package) settings.unfree;

  security.pki.certificateFiles = map (file: ../. + "/${file}") settings.certificateAuthorities;

  time.timeZone = settings.timeZone;
  services.journald.extraConfig = "SystemMaxUse=500M";
  # After a panic a machine that nobody watches reboots, and its loops come back with it.
  boot.kernel.sysctl."kernel.panic" = 10;
}
