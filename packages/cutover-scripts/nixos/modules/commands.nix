# Commands that travel in this repository as single files and need Node only.
{
  lib,
  pkgs,
  settings,
  ...
}:
{
  environment.systemPackages = lib.mapAttrsToList (
    name: file:
    pkgs.writeShellScriptBin name ''
      exec ${pkgs.nodejs}/bin/node ${../. + "/${file}"} "$@"
    ''
  ) settings.commands;
}
