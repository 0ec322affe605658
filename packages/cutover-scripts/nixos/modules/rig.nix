# The rig under systemd. Its units are enabled, so that a reboot brings the loops back; they do nothing while the
# armed file is absent, so that the machine can be deployed and checked long before the loops move to it.
{
  lib,
  pkgs,
  settings,
  ...
}:
let
  inherit (settings) loops user workspace;
in
{
  # A path that stays the same from one generation to the next: for the units, and for people.
  environment.etc."loops/${loops.rig}.yaml".source = ../. + "/${loops.configFile}";

  services.loops.rigs.${loops.rig} = {
    enable = true;
    user = user.name;
    inherit (user) group;
    inherit workspace;
    inherit (loops) armedFile;
    configFile = "/etc/loops/${loops.rig}.yaml";
    bundle = ../. + "/${settings.commands.loops}";
    package = pkgs.nodejs;
    path = map (
      name: lib.attrByPath (lib.splitString "." name) (throw "settings.json: nixpkgs has no package ${name}") pkgs
    ) settings.packages;
  };
}
