# The secrets that this repository carries encrypted, brought to their runtime paths before the rig starts.
{ pkgs, settings, ... }:
let
  inherit (settings) secrets;
in
{
  services.cutover-secrets = {
    enable = true;
    bundle = ../. + "/${settings.commands.secrets}";
    # The manifest names the sops files beside it, so its whole folder goes to the store; and that folder alone, so
    # that a change elsewhere in the repository leaves the unit as it is.
    manifest = "${../. + "/${dirOf secrets.manifest}"}/${baseNameOf secrets.manifest}";
    package = pkgs.nodejs;
    # `before` of this module would make the rig require this unit, and a later change of a secret would stop the loops:
    # rig.nix orders them without.
  };
}
