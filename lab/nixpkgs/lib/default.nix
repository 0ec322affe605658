# The part of nixpkgs' `lib` which NixOS modules use most, on builtins alone. Each name does what its namesake does.
let
  lists = import ./lists.nix;
  attrsets = import ./attrsets.nix { inherit lists; };
  strings = import ./strings.nix { inherit lists; };
  options = import ./options.nix;
  modules = import ./modules.nix { inherit lib; };
  types = import ./types.nix { inherit lib; };
  trivial = import ./trivial.nix;
  lib =
    trivial
    // lists
    // attrsets
    // strings
    // options
    // {
      inherit
        lists
        attrsets
        strings
        options
        types
        trivial
        ;
      inherit (modules) evalModules;
      modules = options // modules;
      generators = import ./generators.nix { inherit lists attrsets strings; };
    };
in
lib
