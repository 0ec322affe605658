# Brings sops secrets to their runtime paths: at every boot before anything needs them, and at every activation.
{ config, lib, pkgs, ... }:

let
  cfg = config.services.cutover-secrets;
  # Interpolated, not `toString`: only so is what the unit names part of the system, and kept from being collected. Of a
  # manifest that is given as a path its whole folder is taken, for the sops files are beside it.
  manifest =
    if builtins.isPath cfg.manifest then
      "${dirOf cfg.manifest}/${baseNameOf cfg.manifest}"
    else
      "${cfg.manifest}";
  activate = "${lib.getExe cfg.package} ${cfg.bundle} activate ${manifest}";
in
{
  options.services.cutover-secrets = {
    enable = lib.mkEnableOption "secrets from sops files";

    bundle = lib.mkOption {
      type = lib.types.path;
      description = "The single-file command, dist/secrets.bundle.cjs of the npm package @cutover/secrets.";
    };

    manifest = lib.mkOption {
      type = lib.types.either lib.types.path lib.types.str;
      example = lib.literalExpression ''"''${./.}/secrets/manifest.json"'';
      description = ''
        The manifest, in the form of sops-nix. Relative paths of sops files are beside it: its whole folder goes to the
        store.
      '';
    };

    package = lib.mkOption {
      type = lib.types.package;
      default = pkgs.nodejs;
      defaultText = lib.literalExpression "pkgs.nodejs";
      description = "The Node.js (20 or later) that runs the bundle.";
    };

    before = lib.mkOption {
      type = lib.types.listOf lib.types.str;
      default = [ ];
      example = [ "loops-cc-ci.service" ];
      description = "Units that need the secrets: they start after them and not without them, and go on when the secrets change.";
    };
  };

  config = lib.mkIf cfg.enable {
    # A unit of its own, so that a failure is seen in `systemctl --failed` and units can require it. It runs at boot. At a
    # switch that changes the manifest, the bundle or a sops file it is reloaded, which runs the new command: a restart
    # would restart the units that require it.
    systemd.services.cutover-secrets = {
      description = "Secrets from sops files";
      wantedBy = [ "multi-user.target" ];
      requiredBy = cfg.before;
      reloadIfChanged = true;
      before = [ "multi-user.target" ] ++ cfg.before;
      path = [ pkgs.util-linux pkgs.systemd ];
      unitConfig.RequiresMountsFor = [ "/run" "/var/lib" ];
      serviceConfig = {
        Type = "oneshot";
        RemainAfterExit = true;
        ExecStart = activate;
        ExecReload = activate;
        UMask = "0077";
      };
    };
  };
}
