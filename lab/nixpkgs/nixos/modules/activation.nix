{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  scripts = config.system.activationScripts;

  # Each script after those it names in `deps`, else by name.
  ordered =
    (lib.foldl' (
      let
        visit =
          acc: name:
          if lib.elem name acc then
            acc
          else
            let
              script = scripts.${name} or (throw "system.activationScripts: there is no script `${name}' to depend on");
            in
            lib.foldl' visit acc (lib.sort builtins.lessThan script.deps) ++ [ name ];
      in
      visit
    ) [ ] (lib.attrNames scripts));
in
{
  options.system.activationScripts = mkOption {
    default = { };
    type = types.attrsOf (
      types.coercedTo types.str (text: { inherit text; }) (
        types.submodule {
          options = {
            text = mkOption {
              type = types.lines;
              default = "";
            };
            deps = mkOption {
              type = types.listOf types.str;
              default = [ ];
            };
            supportsDryActivation = mkOption {
              type = types.bool;
              default = false;
            };
          };
        }
      )
    );
  };
  options.system.build.activationText = mkOption {
    type = types.str;
    readOnly = true;
  };
  config.system.build.activationText = lib.concatMapStrings (name: ''
    # ${name}
    ${
      let
        script = scripts.${name};
      in
      ''
        if [ -z "$dry" ] || [ -n "${lib.optionalString script.supportsDryActivation "1"}" ]; then
        (
          set -e
          _localstatus=0
          ${script.text}
        ) || { code=$?; echo "Activation script snippet '${name}' failed ($code)"; _status=$code; }
        fi
      ''
    }
  '') (lib.filter (name: scripts.${name}.text != ":") ordered);
  # Names which modules may depend on though nothing has to be done for them here.
  config.system.activationScripts = lib.genAttrs [
    "stdio"
    "specialfs"
    "binsh"
    "usrbinenv"
    "var"
    "wrappers"
    "modprobe"
    "udevd"
    "domain"
  ] (_: { text = ":"; });
}
