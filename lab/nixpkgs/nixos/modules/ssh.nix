{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  server = config.services.openssh;
  known = config.programs.ssh.knownHosts;
  render = v: if v == true then "yes" else if v == false then "no" else if lib.isList v then lib.concatMapStringsSep " " toString v else toString v;
in
{
  options.services.openssh = {
    enable = mkOption { type = types.bool; default = false; };
    ports = mkOption { type = types.listOf types.port; default = [ 22 ]; };
    openFirewall = mkOption { type = types.bool; default = true; };
    startWhenNeeded = mkOption { type = types.bool; default = false; };
    settings = mkOption { type = types.attrsOf types.anything; default = { }; };
    extraConfig = mkOption { type = types.lines; default = ""; };
    hostKeys = mkOption { type = types.anything; default = [ ]; };
    authorizedKeysFiles = mkOption { type = types.listOf types.str; default = [ ]; };
  };
  options.programs.ssh = {
    extraConfig = mkOption { type = types.lines; default = ""; };
    startAgent = mkOption { type = types.bool; default = false; };
    knownHostsFiles = mkOption { type = types.listOf types.path; default = [ ]; };
    knownHosts = mkOption {
      default = { };
      type = types.attrsOf (
        types.submodule (
          { name, config, ... }:
          {
            options = {
              certAuthority = mkOption { type = types.bool; default = false; };
              hostNames = mkOption { type = types.listOf types.str; default = [ name ] ++ config.extraHostNames; };
              extraHostNames = mkOption { type = types.listOf types.str; default = [ ]; };
              publicKey = mkOption { type = types.nullOr types.str; default = null; };
              publicKeyFile = mkOption { type = types.nullOr types.path; default = null; };
            };
          }
        )
      );
    };
  };
  config.environment.etc = {
    "ssh/ssh_known_hosts".text = lib.concatStrings (
      lib.mapAttrsToList (
        _: h:
        "${lib.optionalString h.certAuthority "@cert-authority "}${lib.concatStringsSep "," h.hostNames} ${
          if h.publicKey != null then h.publicKey else lib.fileContents h.publicKeyFile
        }\n"
      ) known
    );
    "ssh/ssh_config.d/50-nixos.conf".text = config.programs.ssh.extraConfig;
    "ssh/sshd_config.d/50-nixos.conf" = lib.mkIf server.enable {
      text =
        lib.concatMapStrings (p: "Port ${toString p}\n") server.ports
        + "AuthorizedKeysFile .ssh/authorized_keys /etc/ssh/authorized_keys.d/%u ${lib.concatStringsSep " " server.authorizedKeysFiles}\n"
        + lib.concatStrings (
          lib.mapAttrsToList (n: v: if v == null then "" else "${n} ${render v}\n") (removeAttrs server.settings [ "Macs" "KexAlgorithms" "Ciphers" ])
        )
        + server.extraConfig;
    };
  };
  # sshd is the machine's own unit: it is told when its settings changed.
  config.system.activationScripts.sshd = {
    deps = [ "etc" ];
    text = lib.optionalString server.enable ''
      sum=$(cat /etc/ssh/sshd_config.d/50-nixos.conf | sha256sum)
      if [ "$(cat /run/nixos/sshd-settings 2> /dev/null)" != "$sum" ]; then
        mkdir -p /run/nixos
        if [ -n "$(systemctl show --property MainPID --value ssh.service 2> /dev/null | grep -vx 0)" ]; then
          systemctl reload ssh.service
        fi
        printf '%s' "$sum" > /run/nixos/sshd-settings
      fi
    '';
  };
}
