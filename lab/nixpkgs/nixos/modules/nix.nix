{ config, lib, ... }:
let
  inherit (lib) mkOption types;
in
{
  options.nix = {
    enable = mkOption { type = types.bool; default = true; };
    package = mkOption { type = types.anything; default = null; };
    settings = mkOption { type = types.attrsOf types.anything; default = { }; };
    extraOptions = mkOption { type = types.lines; default = ""; };
    gc = mkOption { type = types.anything; default = { }; };
    optimise = mkOption { type = types.anything; default = { }; };
    channel = mkOption { type = types.anything; default = { }; };
    nixPath = mkOption { type = types.listOf types.str; default = [ ]; };
    registry = mkOption { type = types.anything; default = { }; };
  };
  # The machine's own nix.conf stays what it is (it must be able to build); this one is read beside it.
  config.environment.etc."nix/declared.conf".text =
    lib.concatStrings (
      lib.mapAttrsToList (
        n: v:
        "${n} = ${
          if lib.isList v then lib.concatMapStringsSep " " toString v else if lib.isBool v then lib.boolToString v else toString v
        }\n"
      ) config.nix.settings
    )
    + config.nix.extraOptions;
}
