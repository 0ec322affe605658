{ config, lib, pkgs, ... }:
let
  inherit (lib) mkOption types;
  files = lib.filterAttrs (_: f: f.enable) config.environment.etc;
  names = lib.attrNames files;
in
{
  options.environment = {
    systemPackages = mkOption {
      type = types.listOf types.package;
      default = [ ];
    };
    variables = mkOption {
      type = types.attrsOf (types.oneOf [ types.str types.int types.path ]);
      default = { };
    };
    sessionVariables = mkOption {
      type = types.attrsOf types.str;
      default = { };
    };
    shellAliases = mkOption {
      type = types.attrsOf types.str;
      default = { };
    };
    defaultPackages = mkOption {
      type = types.listOf types.package;
      default = [ ];
    };
    etc = mkOption {
      default = { };
      type = types.attrsOf (
        types.submodule (
          { name, ... }:
          {
            options = {
              enable = mkOption { type = types.bool; default = true; };
              target = mkOption { type = types.str; default = name; };
              text = mkOption { type = types.nullOr types.lines; default = null; };
              source = mkOption { type = types.nullOr types.path; default = null; };
              mode = mkOption { type = types.str; default = "symlink"; };
              user = mkOption { type = types.str; default = "+0"; };
              group = mkOption { type = types.str; default = "+0"; };
              uid = mkOption { type = types.int; default = 0; };
              gid = mkOption { type = types.int; default = 0; };
            };
          }
        )
      );
    };
  };
  options.system.build = {
    etc = mkOption { type = types.package; };
    path = mkOption { type = types.package; };
  };
  options.system.path = mkOption { type = types.package; };

  config.environment.variables = config.environment.sessionVariables;
  config.environment.etc."profile.d/nixos-variables.sh".text = lib.concatStrings (
    lib.mapAttrsToList (n: v: "export ${n}=${lib.escapeShellArg v}\n") config.environment.variables
  );

  # One derivation holds every file: `texts/` for those given as text, and a table of modes beside them.
  config.system.build.etc =
    let
      texts = lib.listToAttrs (lib.imap0 (i: n: lib.nameValuePair "text${toString i}" (if files.${n}.text == null then "" else files.${n}.text)) names);
    in
    pkgs.runCommand "etc" (texts // { passAsFile = lib.attrNames texts; }) (
      ''
        mkdir -p "$out/etc"
        : > "$out/modes"
      ''
      + lib.concatStrings (
        lib.imap0 (
          i: n:
          let
            f = files.${n};
            target = lib.escapeShellArg f.target;
          in
          ''
            mkdir -p "$(dirname "$out/etc/"${target})"
            ${
              if f.source != null then
                "ln -s ${lib.escapeShellArg "${f.source}"} \"$out/etc/\"${target}"
              else
                "cp \"$text${toString i}Path\" \"$out/etc/\"${target}"
            }
            printf '%s\t%s\t%s\t%s\n' ${lib.escapeShellArg f.mode} ${lib.removePrefix "+" f.user} ${lib.removePrefix "+" f.group} ${target} >> "$out/modes"
          ''
        ) names
      )
    );
  config.system.build.path = pkgs.symlinkJoin {
    name = "system-path";
    paths = config.environment.systemPackages;
  };
  config.system.path = config.system.build.path;

  # Files become links through /etc/static, as on NixOS; those of an earlier generation that are gone lose their link.
  config.system.activationScripts.etc = {
    deps = [ "users" "groups" ];
    text = ''
      # One look per file, with the shell's own tests: a machine that is already right costs next to nothing.
      [ /etc/static -ef ${config.system.build.etc}/etc ] || ln -sfn ${config.system.build.etc}/etc /etc/static
      find /etc -xdev -type l -lname '/etc/static/*' -xtype l -delete
      if [ -f /etc/.nixos-copies ]; then
        while IFS= read -r copy; do
          [ -e "/etc/static/$copy" ] || rm -f "/etc/$copy"
        done < /etc/.nixos-copies
      fi
      copies=
      while IFS=$'\t' read -r mode user group target; do
        [ -d "/etc/''${target%/*}" ] || [ "''${target#*/}" = "$target" ] || mkdir -p "/etc/''${target%/*}"
        if [ "$mode" = symlink ] || [ "$mode" = direct-symlink ]; then
          if [ ! -L "/etc/$target" ] || [ ! "/etc/$target" -ef "/etc/static/$target" ]; then
            ln -sfn "/etc/static/$target" "/etc/$target.nixos-new" && mv -T "/etc/$target.nixos-new" "/etc/$target"
          fi
        else
          install -m "$mode" -o "$user" -g "$group" "/etc/static/$target" "/etc/$target.nixos-new"
          mv -T "/etc/$target.nixos-new" "/etc/$target"
          copies="$copies$target"$'\n'
        fi
      done < ${config.system.build.etc}/modes
      printf '%s' "$copies" > /etc/.nixos-copies
    '';
  };
}
