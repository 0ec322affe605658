# The secrets that this repository carries encrypted, brought to their runtime paths before the rig starts.
{ lib, pkgs, settings, ... }:
let
  inherit (settings) loops secrets;
in
{
  services.cutover-secrets = {
    enable = true;
    bundle = ../. + "/${settings.commands.secrets}";
    # The manifest names the sops files beside it, so its whole folder goes to the store; and that folder alone, so
    # that a change elsewhere in the repository leaves the unit as it is.
    manifest = "${../. + "/${dirOf secrets.manifest}"}/${baseNameOf secrets.manifest}";
    package = pkgs.nodejs;
    # No secrets, no rig. A later change of a secret reloads this unit, and the loops go on.
    before = lib.optionals (loops != null) [
      "loops-tmux-${loops.rig}.service"
      "loops-${loops.rig}.service"
    ];
  };
}
