{ config, lib, pkgs, ... }:
let
  inherit (lib) mkOption types;
  users = lib.attrValues (lib.filterAttrs (_: u: u.enable) config.users.users);
  groups = lib.attrValues config.users.groups;
  quote = lib.escapeShellArg;
in
{
  options.users = {
    mutableUsers = mkOption { type = types.bool; default = true; };
    allowNoPasswordLogin = mkOption { type = types.bool; default = false; };
    defaultUserShell = mkOption { type = types.anything; default = "/bin/bash"; };
    groups = mkOption {
      default = { };
      type = types.attrsOf (
        types.submodule (
          { name, ... }:
          {
            options = {
              name = mkOption { type = types.str; default = name; };
              gid = mkOption { type = types.nullOr types.int; default = null; };
              members = mkOption { type = types.listOf types.str; default = [ ]; };
            };
          }
        )
      );
    };
    users = mkOption {
      default = { };
      type = types.attrsOf (
        types.submodule (
          { name, config, ... }:
          {
            options = {
              enable = mkOption { type = types.bool; default = true; };
              name = mkOption { type = types.str; default = name; };
              description = mkOption { type = types.str; default = ""; };
              uid = mkOption { type = types.nullOr types.int; default = null; };
              group = mkOption { type = types.str; default = ""; };
              extraGroups = mkOption { type = types.listOf types.str; default = [ ]; };
              home = mkOption { type = types.str; default = "/var/empty"; };
              homeMode = mkOption { type = types.str; default = "700"; };
              createHome = mkOption { type = types.bool; default = false; };
              shell = mkOption { type = types.anything; default = "/usr/sbin/nologin"; };
              useDefaultShell = mkOption { type = types.bool; default = false; };
              isNormalUser = mkOption { type = types.bool; default = false; };
              isSystemUser = mkOption { type = types.bool; default = false; };
              linger = mkOption { type = types.bool; default = false; };
              packages = mkOption { type = types.listOf types.package; default = [ ]; };
              hashedPassword = mkOption { type = types.nullOr types.str; default = null; };
              hashedPasswordFile = mkOption { type = types.nullOr types.str; default = null; };
              initialPassword = mkOption { type = types.nullOr types.str; default = null; };
              initialHashedPassword = mkOption { type = types.nullOr types.str; default = null; };
              openssh.authorizedKeys.keys = mkOption { type = types.listOf types.str; default = [ ]; };
              openssh.authorizedKeys.keyFiles = mkOption { type = types.listOf types.path; default = [ ]; };
            };
            config = lib.mkMerge [
              (lib.mkIf config.isNormalUser {
                group = lib.mkDefault "users";
                createHome = lib.mkDefault true;
                home = lib.mkDefault "/home/${config.name}";
                shell = lib.mkDefault "/bin/bash";
              })
              (lib.mkIf config.useDefaultShell { shell = lib.mkDefault "/bin/bash"; })
            ];
          }
        )
      );
    };
  };

  config.assertions = map (u: {
    assertion = u.name == "root" || (u.isNormalUser != u.isSystemUser);
    message = "Exactly one of users.users.${u.name}.isSystemUser and users.users.${u.name}.isNormalUser must be set.";
  }) users ++ map (u: {
    assertion = u.name == "root" || u.group != "";
    message = "users.users.${u.name}.group is unset. This used to default to nogroup, but this is unsafe.";
  }) users;

  config.users.users.root = {
    uid = 0;
    group = "root";
    home = "/root";
    shell = lib.mkDefault "/bin/bash";
  };
  config.users.groups.root.gid = 0;
  config.users.groups.users.gid = 100;

  config.system.activationScripts.groups = {
    text = lib.concatMapStrings (g: ''
      getent group ${quote g.name} > /dev/null || groupadd ${
        lib.optionalString (g.gid != null) "--gid ${toString g.gid} "
      }${lib.optionalString (g.gid == null) "--system "}${quote g.name}
    '') groups;
  };
  config.system.activationScripts.users = {
    deps = [ "groups" ];
    text =
      lib.concatMapStrings (
        u:
        let
          shell = if lib.isDerivation u.shell then "/bin/bash" else toString u.shell;
        in
        ''
          if ! getent passwd ${quote u.name} > /dev/null; then
            useradd ${lib.optionalString u.isSystemUser "--system "}${
              lib.optionalString (u.uid != null) "--uid ${toString u.uid} "
            }--no-create-home --gid ${quote u.group} --home-dir ${quote u.home} --shell ${quote shell} --comment ${quote u.description} ${quote u.name}
          elif [ ${quote u.name} != root ]; then
            [ "$(getent passwd ${quote u.name} | cut -d: -f6,7)" = ${quote "${u.home}:${shell}"} ] ||
              usermod --home ${quote u.home} --shell ${quote shell} ${quote u.name}
          fi
          ${lib.optionalString u.createHome ''
            [ -d ${quote u.home} ] || install -d -m ${u.homeMode} -o ${quote u.name} -g ${quote u.group} ${quote u.home}
          ''}
          ${lib.concatMapStrings (g: ''
            getent group ${quote g} > /dev/null || groupadd --system ${quote g}
            id -nG ${quote u.name} | tr ' ' '\n' | grep -qxF ${quote g} || usermod --append --groups ${quote g} ${quote u.name}
          '') u.extraGroups}
          ${lib.optionalString u.linger "mkdir -p /var/lib/systemd/linger && touch /var/lib/systemd/linger/${u.name}"}
        ''
      ) users
      + lib.concatMapStrings (
        g:
        lib.concatMapStrings (m: ''
          id -nG ${quote m} | tr ' ' '\n' | grep -qxF ${quote g.name} || usermod --append --groups ${quote g.name} ${quote m}
        '') g.members
      ) groups;
  };
  config.environment.systemPackages = lib.concatMap (u: u.packages) users;
  config.environment.etc = lib.listToAttrs (
    lib.concatMap (
      u:
      let
        keys = u.openssh.authorizedKeys;
      in
      lib.optional (keys.keys != [ ] || keys.keyFiles != [ ]) (
        lib.nameValuePair "ssh/authorized_keys.d/${u.name}" {
          mode = "0444";
          text = lib.concatStrings (map (k: k + "\n") keys.keys ++ map builtins.readFile keys.keyFiles);
        }
      )
    ) users
  );
}
