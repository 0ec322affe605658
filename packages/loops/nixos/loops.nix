# Rigs of agent loops as two units each: the tmux server that holds the agents, and the supervisor. Restarting or
# updating the second keeps every agent.
{ config, lib, pkgs, ... }:
let
  cfg = config.services.loops;
  inherit (lib) mkOption mkEnableOption mkIf types;

  enabledRigs = lib.filterAttrs (name: rig: rig.enable) cfg.rigs;

  rigOptions = { name, ... }: {
    options = {
      enable = mkEnableOption "this rig of agent loops";
      user = mkOption { type = types.str; default = "loops"; description = "Whom the agents run as."; };
      group = mkOption { type = types.str; default = "users"; description = "The group of the user."; };
      workspace = mkOption { type = types.str; description = "The rig's workspace, an absolute path."; };
      configFile = mkOption { type = types.str; description = "The rig's loops.yaml, an absolute path."; };
      bundle = mkOption { type = types.path; description = "loops.bundle.cjs, the whole command in one file."; };
      package = mkOption { type = types.package; default = pkgs.nodejs; description = "Node, 20.18.1 or later."; };
      path = mkOption { type = types.listOf types.package; default = [ ]; description = "Packages the agents need, besides git, tmux, ssh and the usual tools."; };
      armedFile = mkOption { type = types.nullOr types.str; default = null; description = "The units start only when this file is there."; };
      environmentFile = mkOption { type = types.nullOr types.str; default = null; description = "NAME=value lines for both units."; };
      runtimeDirectory = mkOption { type = types.str; default = "loops-${name}"; description = "Below /run; runtimeDir in loops.yaml must name it."; };
      unitName = mkOption { type = types.str; default = "loops-${name}"; description = "The supervisor's unit, without .service."; };
      tmuxUnitName = mkOption { type = types.str; default = "loops-tmux-${name}"; description = "The tmux server's unit, without .service."; };
      stopTimeout = mkOption { type = types.str; default = "90"; description = "Seconds until systemd kills what a quiesce did not end."; };
    };
  };

  tools = rig: [ rig.package pkgs.bash pkgs.coreutils pkgs.findutils pkgs.git pkgs.gnugrep pkgs.gnused pkgs.openssh pkgs.procps pkgs.systemd pkgs.tmux pkgs.util-linux ] ++ rig.path;

  # The supervisor mostly waits: a small nursery and no optimising compiler cost it nothing, and would stay resident
  # otherwise. So would what its start needed, unless the allocator gives it back.
  command = rig: "${rig.package}/bin/node --max-semi-space-size=1 --no-opt ${rig.bundle}";
  thrift = { MALLOC_TRIM_THRESHOLD_ = "65536"; };

  userManager = rig: pkgs.writeShellScript "start-user-manager" ''
    exec ${pkgs.systemd}/bin/systemctl start "user@$(${pkgs.coreutils}/bin/id -u ${rig.user}).service"
  '';

  leaseSocket = name: "/run/loops-lease-${name}.sock";

  # The same as src/ownership/enforce/arm-lease.sh; a test holds them together.
  armLease = builtins.toFile "arm-lease.sh" ''
    # Arms the systemd timer that ends a rig's loops when its lease runs out. Runs as root, for one connection to
    # loops-lease-RIG.socket. Standard input: when, in whole seconds of /proc/uptime, one line.
    #   $1 the rig   $2 the unit of its tmux server
    set -u
    read -r kill_at || exit 1
    case $kill_at in
      "" | *[!0-9]* | ???????????*)
        echo "refused: not a moment in seconds"
        exit 1
        ;;
    esac
    # What the timer runs. It holds no name in braces, which systemd would expand. An agent is known by its environment, or by its
    # scope, which the manager of the rig's user may have made; the name of another rig may begin with this one's.
    # shellcheck disable=SC2016
    end='systemctl stop --no-block "$2"
    systemctl kill --signal=KILL "$2"
    for round in 1 2 3; do
      for pid in $(grep -lzxF "LOOPS_RIG=$1" /proc/[0-9]*/environ | cut -d/ -f3); do
        kill -KILL "$pid"
      done
      for pid in $(grep -lE "/loops-$1-[^/]*[.]scope(/|$)" /proc/[0-9]*/cgroup | cut -d/ -f3); do
        grep -qz ^LOOPS_RIG= "/proc/$pid/environ" || kill -KILL "$pid"
      done
    done 2>/dev/null
    true'
    # The connection may have waited for a while, so what is left is counted here.
    now=$(cut -d. -f1 /proc/uptime)
    seconds=$((kill_at - now))
    [ "$seconds" -ge 1 ] || seconds=1
    # Numbered by a clock that is not set: of two that arm at once, neither stops what the later one has armed.
    number=$(cut -d" " -f1 /proc/uptime | tr -d .)
    name=loops-lease-end-$1.$number-$$
    at=$(date -u -d "+$seconds seconds" '+%Y-%m-%d %H:%M:%S UTC')
    # By the wall clock too: the other one stands still while the machine is suspended.
    systemd-run --quiet --collect --unit="$name" --description="end of the lease of the loops of $1" \
      --setenv=PATH="$PATH" --timer-property=AccuracySec=100ms --on-active="$seconds" --on-calendar="$at" \
      sh -c "$end" sh "$1" "$2" || {
      echo "refused: systemd-run ended with $?"
      exit 1
    }
    systemctl list-units --all --plain --no-legend "loops-lease-end-$1.*.timer" | while read -r timer _; do
      other=$(echo "$timer" | cut -d. -f2 | cut -d- -f1)
      [ "$other" -ge "$number" ] || systemctl stop "$timer"
    done
    systemctl is-active --quiet "$2" || systemctl start --no-block "$2"
    echo armed
  '';

  # Where the supervisor confirms its lease, and what then arms the timer that ends the rig, as root.
  leaseSocketUnit = name: rig: lib.nameValuePair "loops-lease-${name}" {
    description = "lease of the loops of ${name}";
    wantedBy = [ "sockets.target" ];
    listenStreams = [ (leaseSocket name) ];
    socketConfig = {
      SocketUser = rig.user;
      SocketMode = "0600";
      Accept = true;
      TriggerLimitIntervalSec = 0;
    };
  };

  leaseUnit = name: rig: lib.nameValuePair "loops-lease-${name}@" {
    description = "lease of the loops of ${name}";
    path = [ pkgs.bash pkgs.coreutils pkgs.gnugrep pkgs.systemd ];
    unitConfig.CollectMode = "inactive-or-failed";
    serviceConfig = {
      ExecStart = "${pkgs.bash}/bin/sh ${armLease} ${name} ${rig.tmuxUnitName}.service";
      StandardInput = "socket";
      StandardOutput = "socket";
      StandardError = "journal";
    };
  };

  common = rig: {
    User = rig.user;
    Group = rig.group;
    WorkingDirectory = rig.workspace;
  } // lib.optionalAttrs (rig.environmentFile != null) { EnvironmentFile = "-${rig.environmentFile}"; };

  unitConfig = rig: {
    StartLimitIntervalSec = 0;
  } // lib.optionalAttrs (rig.armedFile != null) { ConditionPathExists = rig.armedFile; };

  tmuxUnit = name: rig: lib.nameValuePair rig.tmuxUnitName {
    description = "tmux server of the loops of ${name}";
    path = tools rig;
    # A deploy never touches the agents.
    restartIfChanged = false;
    stopIfChanged = false;
    unitConfig = unitConfig rig;
    serviceConfig = common rig // {
      Type = "exec";
      RuntimeDirectory = rig.runtimeDirectory;
      RuntimeDirectoryMode = "0700";
      RuntimeDirectoryPreserve = "yes";
      ExecStart = "${pkgs.tmux}/bin/tmux -D -u -S /run/${rig.runtimeDirectory}/tmux.sock -f /dev/null";
      ExecStop = "-${command rig} quiesce --config ${rig.configFile}";
      OOMPolicy = "continue";
      Restart = "always";
      RestartSec = "100ms";
      TimeoutStopSec = rig.stopTimeout;
      Delegate = "yes";
    };
  };

  supervisorUnit = name: rig: lib.nameValuePair rig.unitName {
    description = "Loops of ${name}";
    path = tools rig;
    wantedBy = [ "multi-user.target" ];
    wants = [ "${rig.tmuxUnitName}.service" "loops-lease-${name}.socket" "network-online.target" ];
    after = [ "${rig.tmuxUnitName}.service" "network-online.target" ];
    # The next start, or a restart by hand, takes up a new supervisor; the agents stay either way.
    restartIfChanged = false;
    stopIfChanged = false;
    environment = thrift // { LOOPS_TMUX = "external"; LOOPS_LEASE_SOCKET = leaseSocket name; };
    unitConfig = unitConfig rig;
    serviceConfig = common rig // {
      Type = "notify";
      NotifyAccess = "all";
      WatchdogSec = "30";
      # Memory limits are scopes of the user's own manager: it is up before the supervisor looks for it.
      ExecStartPre = "-+${userManager rig}";
      ExecStart = "${command rig} up --config ${rig.configFile}";
      ExecReload = "${command rig} reload --config ${rig.configFile}";
      KillMode = "mixed";
      Restart = "always";
      RestartSec = "200ms";
      RestartSteps = "8";
      # systemd never forgets a restart: the longest delay is the one that a supervisor killed now and then will have.
      RestartMaxDelaySec = "1s";
      RestartPreventExitStatus = "10";
      SuccessExitStatus = "10";
      TimeoutStartSec = "90";
      TimeoutStopSec = "15";
    };
  };
in
{
  options.services.loops.rigs = mkOption {
    type = types.attrsOf (types.submodule rigOptions);
    default = { };
    description = "Rigs of agent loops on this host, each apart from the others.";
  };

  config = mkIf (enabledRigs != { }) {
    systemd.services =
      lib.mapAttrs' tmuxUnit enabledRigs
      // lib.mapAttrs' supervisorUnit enabledRigs
      // lib.mapAttrs' leaseUnit enabledRigs;
    systemd.sockets = lib.mapAttrs' leaseSocketUnit enabledRigs;
  };
}
