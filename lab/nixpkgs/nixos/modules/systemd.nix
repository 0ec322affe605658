{ config, lib, pkgs, ... }:
let
  inherit (lib) mkOption types;
  strings = mkOption {
    type = types.listOf types.str;
    default = [ ];
  };
  text = default: mkOption {
    type = types.lines;
    inherit default;
  };
  value = types.nullOr (types.oneOf [ types.bool types.int types.float types.str types.path types.package ]);
  section = mkOption {
    type = types.attrsOf (types.either value (types.listOf value));
    default = { };
  };
  render = v: if v == true then "true" else if v == false then "false" else toString v;
  renderSection =
    set:
    lib.concatStrings (
      lib.mapAttrsToList (
        n: v: lib.optionalString (v != null) (lib.concatMapStrings (x: "${n}=${render x}\n") (lib.toList v))
      ) set
    );

  relations = {
    After = "after";
    Before = "before";
    BindsTo = "bindsTo";
    Conflicts = "conflicts";
    Documentation = "documentation";
    OnFailure = "onFailure";
    OnSuccess = "onSuccess";
    PartOf = "partOf";
    Requires = "requires";
    Requisite = "requisite";
    Upholds = "upholds";
    Wants = "wants";
  };
  common = {
    enable = mkOption { type = types.bool; default = true; };
    description = mkOption { type = types.singleLineStr; default = ""; };
    aliases = strings;
    wantedBy = strings;
    requiredBy = strings;
    upheldBy = strings;
    unitConfig = section;
    restartTriggers = mkOption { type = types.listOf types.unspecified; default = [ ]; };
    reloadTriggers = mkOption { type = types.listOf types.unspecified; default = [ ]; };
    startLimitBurst = mkOption { type = types.nullOr types.int; default = null; };
    startLimitIntervalSec = mkOption { type = types.nullOr types.int; default = null; };
    overrideStrategy = mkOption {
      type = types.enum [ "asDropinIfExists" "asDropin" ];
      default = "asDropinIfExists";
    };
  } // lib.listToAttrs (map (n: lib.nameValuePair n strings) (lib.attrValues relations));

  unitSection =
    u:
    "[Unit]\n"
    + renderSection (
      lib.optionalAttrs (u.description != "") { Description = u.description; }
      // lib.filterAttrs (_: v: v != [ ]) (lib.mapAttrs (_: option: u.${option}) relations)
      // lib.optionalAttrs (u.startLimitBurst != null) { StartLimitBurst = u.startLimitBurst; }
      // lib.optionalAttrs (u.startLimitIntervalSec != null) { StartLimitIntervalSec = u.startLimitIntervalSec; }
      // lib.optionalAttrs (u.restartTriggers != [ ]) { X-Restart-Triggers = map toString u.restartTriggers; }
      // lib.optionalAttrs (u.reloadTriggers != [ ]) { X-Reload-Triggers = map toString u.reloadTriggers; }
      // u.unitConfig
    );

  script = name: body: "${pkgs.writeShellScript "unit-script-${name}" "set -e\n${body}"}";
  serviceOptions =
    { name, config, ... }:
    {
      options = common // {
        serviceConfig = section;
        environment = mkOption {
          type = types.attrsOf (types.nullOr (types.oneOf [ types.str types.path types.package types.int ]));
          default = { };
        };
        path = mkOption { type = types.listOf (types.either types.package types.str); default = [ ]; };
        script = text "";
        scriptArgs = mkOption { type = types.str; default = ""; };
        preStart = text "";
        postStart = text "";
        preStop = text "";
        postStop = text "";
        reload = text "";
        restartIfChanged = mkOption { type = types.bool; default = true; };
        reloadIfChanged = mkOption { type = types.bool; default = false; };
        stopIfChanged = mkOption { type = types.bool; default = true; };
        notSocketActivated = mkOption { type = types.bool; default = false; };
        startAt = mkOption {
          type = types.either types.str (types.listOf types.str);
          default = [ ];
          apply = lib.toList;
        };
      };
      config.path = lib.mkAfter [ pkgs.coreutils pkgs.findutils pkgs.gnugrep pkgs.gnused pkgs.systemd ];
      config.serviceConfig = lib.mkMerge [
        (lib.mkIf (config.script != "") { ExecStart = "${script "${name}-start" config.script} ${config.scriptArgs}"; })
        (lib.mkIf (config.preStart != "") { ExecStartPre = [ (script "${name}-pre-start" config.preStart) ]; })
        (lib.mkIf (config.postStart != "") { ExecStartPost = [ (script "${name}-post-start" config.postStart) ]; })
        (lib.mkIf (config.preStop != "") { ExecStop = [ (script "${name}-pre-stop" config.preStop) ]; })
        (lib.mkIf (config.postStop != "") { ExecStopPost = [ (script "${name}-post-stop" config.postStop) ]; })
        (lib.mkIf (config.reload != "") { ExecReload = script "${name}-reload" config.reload; })
      ];
    };
  environmentOf =
    u:
    lib.concatStrings (
      lib.mapAttrsToList (n: v: lib.optionalString (v != null) "Environment=${builtins.toJSON "${n}=${toString v}"}\n") (
        { PATH = "${lib.makeBinPath u.path}:${lib.makeSearchPath "sbin" u.path}"; } // u.environment
      )
    );
  serviceText =
    u:
    unitSection u
    + "\n[Service]\n"
    + environmentOf u
    + lib.optionalString u.reloadIfChanged "X-ReloadIfChanged=true\n"
    + lib.optionalString (!u.restartIfChanged) "X-RestartIfChanged=false\n"
    + lib.optionalString (!u.stopIfChanged) "X-StopIfChanged=false\n"
    + renderSection u.serviceConfig;

  kind = extra: mkOption {
    default = { };
    type = types.attrsOf (types.submodule extra);
  };
  plain = extra: { options = common // extra; };
  cfg = config.systemd;

  unitsOf =
    suffix: render: units:
    lib.mapAttrs' (
      n: u:
      lib.nameValuePair "${n}.${suffix}" {
        inherit (u) enable wantedBy requiredBy aliases;
        text = render u;
      }
    ) units;
  enabled = lib.filterAttrs (_: u: u.enable) cfg.units;
  masked = lib.filterAttrs (_: u: !u.enable) cfg.units;
  names = lib.attrNames enabled;
in
{
  options.systemd = {
    services = kind serviceOptions;
    timers = kind (plain { timerConfig = section; });
    sockets = kind (plain {
      socketConfig = section;
      listenStreams = strings;
      listenDatagrams = strings;
    });
    paths = kind (plain { pathConfig = section; });
    targets = kind (plain { });
    slices = kind (plain { sliceConfig = section; });
    mounts = mkOption { type = types.listOf types.anything; default = [ ]; };
    user = mkOption { type = types.anything; default = { }; };
    network = mkOption { type = types.anything; default = { }; };
    oomd = mkOption { type = types.anything; default = { }; };
    coredump = mkOption { type = types.anything; default = { }; };
    sleep = mkOption { type = types.anything; default = { }; };
    extraConfig = text "";
    settings = mkOption { type = types.anything; default = { }; };
    enableEmergencyMode = mkOption { type = types.bool; default = true; };
    watchdog = mkOption { type = types.anything; default = { }; };
    packages = mkOption { type = types.listOf types.package; default = [ ]; };
    tmpfiles.rules = strings;
    tmpfiles.settings = mkOption { type = types.anything; default = { }; };
    units = mkOption {
      default = { };
      type = types.attrsOf (
        types.submodule {
          options = {
            enable = mkOption { type = types.bool; default = true; };
            text = mkOption { type = types.nullOr types.str; default = null; };
            wantedBy = strings;
            requiredBy = strings;
            aliases = strings;
          };
        }
      );
    };
  };
  options.system.build.units = mkOption { type = types.package; };

  config.systemd.units =
    unitsOf "service" serviceText cfg.services
    // unitsOf "timer" (u: unitSection u + "\n[Timer]\n" + renderSection u.timerConfig) cfg.timers
    // unitsOf "socket" (
      u:
      unitSection u
      + "\n[Socket]\n"
      + renderSection (
        lib.optionalAttrs (u.listenStreams != [ ]) { ListenStream = u.listenStreams; }
        // lib.optionalAttrs (u.listenDatagrams != [ ]) { ListenDatagram = u.listenDatagrams; }
        // u.socketConfig
      )
    ) cfg.sockets
    // unitsOf "path" (u: unitSection u + "\n[Path]\n" + renderSection u.pathConfig) cfg.paths
    // unitsOf "target" unitSection cfg.targets
    // unitsOf "slice" (u: unitSection u + "\n[Slice]\n" + renderSection u.sliceConfig) cfg.slices;
  config.systemd.timers = lib.mapAttrs (_: u: {
    wantedBy = [ "timers.target" ];
    timerConfig.OnCalendar = u.startAt;
  }) (lib.filterAttrs (_: u: u.startAt != [ ]) cfg.services);

  config.environment.etc."tmpfiles.d/00-nixos.conf" = lib.mkIf (cfg.tmpfiles.rules != [ ]) {
    text = lib.concatLines cfg.tmpfiles.rules;
  };

  config.system.build.units =
    let
      texts = lib.listToAttrs (lib.imap0 (i: n: lib.nameValuePair "unit${toString i}" (if enabled.${n}.text == null then "" else enabled.${n}.text)) names);
      link = folder: n: target: ''
        mkdir -p "$out"/${lib.escapeShellArg "${target}.${folder}"}
        ln -sfn ${lib.escapeShellArg "../${n}"} "$out"/${lib.escapeShellArg "${target}.${folder}/${n}"}
      '';
    in
    pkgs.runCommand "system-units" (texts // { passAsFile = lib.attrNames texts; }) (
      "mkdir -p \"$out\"\n"
      + lib.concatStrings (
        lib.imap0 (
          i: n:
          "cp \"$unit${toString i}Path\" \"$out\"/${lib.escapeShellArg n}\n"
          + lib.concatMapStrings (link "wants" n) enabled.${n}.wantedBy
          + lib.concatMapStrings (link "requires" n) enabled.${n}.requiredBy
          + lib.concatMapStrings (alias: "ln -sfn ${lib.escapeShellArg n} \"$out\"/${lib.escapeShellArg alias}\n") enabled.${n}.aliases
        ) names
      )
      + lib.concatMapStrings (n: "ln -sfn /dev/null \"$out\"/${lib.escapeShellArg n}\n") (lib.attrNames masked)
    );
}
