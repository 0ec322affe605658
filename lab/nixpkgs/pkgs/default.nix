# "Packages" here are links to what the machine carries; builders are /bin/sh. The names and shapes are those of nixpkgs.
{ lib, system }:
let
  build =
    name: env: script:
    derivation (
      {
        inherit name system script;
        builder = "/bin/sh";
        args = [
          "-e"
          "-c"
          ". \"$scriptPath\""
        ];
        PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";
        preferLocalBuild = true;
        allowSubstitutes = false;
      }
      // env
      // {
        passAsFile = [ "script" ] ++ (env.passAsFile or [ ]);
      }
    );

  described = drv: extra: drv // extra // { meta = (drv.meta or { }) // (extra.meta or { }); };

  # A package whose commands are the machine's own; building it fails where one of them is missing.
  fromMachine =
    pname: commands:
    described
      (build "${pname}-machine" { inherit commands pname; } ''
        mkdir -p "$out/bin"
        for command in $commands; do
          found=
          for folder in /usr/local/bin /usr/bin /bin /usr/local/sbin /usr/sbin /sbin; do
            if [ -x "$folder/$command" ]; then found=$folder/$command; break; fi
          done
          if [ -z "$found" ]; then echo "this machine carries no $command, which pkgs.$pname stands for" >&2; exit 1; fi
          ln -s "$found" "$out/bin/$command"
        done
      '')
      {
        inherit pname;
        version = "machine";
        meta.mainProgram = lib.head (lib.splitString " " commands);
      };

  writeTextFile =
    {
      name,
      text,
      executable ? false,
      destination ? "",
      meta ? { },
      ...
    }:
    described (build name
      {
        inherit text destination;
        passAsFile = [ "text" ];
        mode = if executable then "555" else "444";
      }
      ''
        target=$out$destination
        mkdir -p "$(dirname "$target")"
        cp "$textPath" "$target"
        chmod "$mode" "$target"
      ''
    ) { inherit meta; };

  symlinkJoin =
    {
      name,
      paths,
      postBuild ? "",
      ...
    }@args:
    described (build name
      {
        paths = map toString paths;
        inherit postBuild;
      }
      ''
        mkdir -p "$out"
        for path in $paths; do
          (cd "$path" && find -L . -mindepth 1 -type d -exec mkdir -p "$out/{}" \;
            find . ! -type d -print | while IFS= read -r entry; do
              [ -d "$entry" ] || [ -e "$out/$entry" ] || [ -L "$out/$entry" ] || ln -s "$path/''${entry#./}" "$out/$entry"
            done)
        done
        eval "$postBuild"
      ''
    ) { meta = args.meta or { }; };

  format = extension: render: _: {
    type = lib.types.anything;
    generate = name: value: pkgs.writeText name (render value);
  };

  machine = lib.mapAttrs fromMachine {
    age = "age age-keygen";
    bash = "bash sh";
    cacert = "true";
    coreutils = lib.concatStringsSep " " [
      "basename base64 cat chgrp chmod chown cksum comm cp csplit cut date dd df dirname du echo env expand expr factor"
      "false fmt fold head id install join link ln logname ls md5sum mkdir mkfifo mknod mktemp mv nice nl nohup nproc"
      "numfmt od paste printenv printf pwd readlink realpath rm rmdir seq sha1sum sha256sum sha512sum shuf sleep sort"
      "split stat stdbuf stty sync tac tail tee test timeout touch tr true truncate tsort tty uname uniq unlink wc"
      "whoami yes"
    ];
    curl = "curl";
    diffutils = "diff cmp";
    findutils = "find xargs";
    gawk = "awk";
    git = "git";
    gnugrep = "grep";
    gnused = "sed";
    gnutar = "tar";
    gzip = "gzip gunzip";
    hostname = "hostname";
    inetutils = "hostname";
    iproute2 = "ip ss";
    jq = "jq";
    less = "less";
    libressl = "nc";
    netcat = "nc";
    netcat-openbsd = "nc";
    nettools = "hostname";
    nix = "nix nix-env nix-store";
    nodejs = "node";
    nodejs_20 = "node";
    nodejs_22 = "node";
    openssh = "ssh ssh-keygen ssh-add scp sshd";
    procps = "ps pgrep pkill kill";
    python3 = "python3";
    rsync = "rsync";
    shadow = "useradd groupadd usermod";
    socat = "socat";
    sops = "sops";
    sudo = "sudo";
    systemd = "systemctl journalctl systemd-run systemd-notify systemd-tmpfiles systemd-detect-virt";
    tailscale = "tailscale tailscaled";
    tmux = "tmux";
    util-linux = "flock setpriv setsid runuser prlimit kill mkswap swapon mount fallocate";
    which = "which";
  };

  pkgs =
    machine
    // rec {
      inherit
        lib
        system
        writeTextFile
        symlinkJoin
        ;
      bashInteractive = machine.bash;
      runtimeShell = "/bin/bash";
      stdenv = {
        hostPlatform = {
          inherit system;
          isLinux = true;
          isx86_64 = lib.hasPrefix "x86_64" system;
          isAarch64 = lib.hasPrefix "aarch64" system;
        };
        shell = runtimeShell;
        inherit mkDerivation;
      };
      stdenvNoCC = stdenv;
      # `installPhase`, `buildCommand` and `src` only: what small packages of scripts need.
      mkDerivation =
        {
          pname ? name,
          version ? "0",
          name ? "${pname}-${version}",
          src ? null,
          installPhase ? "",
          buildCommand ? "",
          meta ? { },
          ...
        }:
        described (build name
          {
            inherit src installPhase buildCommand;
          }
          ''
            runHook() { :; }
            if [ -n "$buildCommand" ]; then eval "$buildCommand"; exit 0; fi
            if [ -d "$src" ]; then cp -r "$src" source && chmod -R u+w source && cd source; fi
            eval "$installPhase"
          ''
        ) { inherit pname version meta; };
      runCommand = name: env: script: build name env script;
      runCommandLocal = runCommand;
      writeText = name: text: writeTextFile { inherit name text; };
      writeTextDir =
        path: text:
        writeTextFile {
          name = baseNameOf path;
          inherit text;
          destination = "/${path}";
        };
      writeScript =
        name: text:
        writeTextFile {
          inherit name text;
          executable = true;
        };
      writeScriptBin =
        name: text:
        writeTextFile {
          inherit name text;
          executable = true;
          destination = "/bin/${name}";
          meta.mainProgram = name;
        };
      writeShellScript = name: text: writeScript name "#!${runtimeShell}\n${text}";
      writeShellScriptBin = name: text: writeScriptBin name "#!${runtimeShell}\n${text}";
      writeShellApplication =
        {
          name,
          text,
          runtimeInputs ? [ ],
          ...
        }:
        writeShellScriptBin name ''
          set -o errexit -o nounset -o pipefail
          export PATH="${lib.makeBinPath runtimeInputs}:$PATH"
          ${text}
        '';
      buildEnv = args: symlinkJoin { inherit (args) name paths; };
      linkFarm =
        name: entries:
        let
          list = if lib.isAttrs entries then lib.mapAttrsToList (n: path: { name = n; inherit path; }) entries else entries;
        in
        build name { } (
          "mkdir -p \"$out\"\n"
          + lib.concatMapStrings (e: ''
            mkdir -p "$out/$(dirname ${lib.escapeShellArg e.name})"
            ln -s ${lib.escapeShellArg "${e.path}"} "$out"/${lib.escapeShellArg e.name}
          '') list
        );
      formats = {
        json = format "json" builtins.toJSON;
        yaml = format "yaml" builtins.toJSON;
        ini = format "ini" (lib.generators.toINI { });
        keyValue = format "conf" (lib.generators.toKeyValue { });
      };
    };
in
pkgs
