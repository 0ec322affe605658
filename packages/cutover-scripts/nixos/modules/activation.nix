# The secrets that this repository carries encrypted, brought to their runtime paths before the rig starts.
{ lib, pkgs, settings, ... }:
let
  inherit (settings) loops secrets;
in
{
  services.cutover-secrets = {
    enable = true;
    bundle = ../. + "/${settings.commands.secrets}";
    # The manifest names the sops files beside it, so it is given inside the whole repository.
    manifest = "${../.}/${secrets.manifest}";
    package = pkgs.nodejs;
    before = lib.optional (loops != null) "loops-${loops.rig}.service";
  };
}
