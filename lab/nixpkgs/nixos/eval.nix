# lib.nixosSystem: evaluates modules and gives { config, options, pkgs } as the real one does.
{
  lib,
  packagesFor,
  modules,
  system ? "x86_64-linux",
  specialArgs ? { },
  ...
}:
let
  pkgs = packagesFor (if system == null then "x86_64-linux" else system);
  evaluate = more: lib.evalModules {
    specialArgs = {
      inherit pkgs;
      # The same system with more modules: what a specialisation is.
      specialise = modules: (evaluate modules).config.system.build.toplevel;
      # Modules that a real nixpkgs has and that mean nothing on a container are empty here.
      modulesPath = ./modules-path;
    } // specialArgs;
    modules = import ./modules ++ modules ++ more;
  };
  evaluated = evaluate [ ];
  failed = builtins.filter (a: !a.assertion) evaluated.config.assertions;
  assured =
    if failed == [ ] then
      evaluated.config
    else
      throw "\nFailed assertions:\n${lib.concatMapStringsSep "\n" (a: "- ${a.message}") failed}";
in
{
  config = lib.foldl' (c: w: lib.warn w c) assured evaluated.config.warnings;
  inherit (evaluated) options;
  inherit pkgs lib;
}
