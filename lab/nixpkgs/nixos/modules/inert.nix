# Options that mean something on a real machine and nothing on a container: accepted, and without effect.
{ lib, ... }:
let
  inert = lib.mkOption {
    type = lib.types.anything;
    default = { };
  };
in
{
  options = {
    boot = inert;
    console = inert;
    documentation = inert;
    fileSystems = inert;
    fonts = inert;
    hardware = inert;
    i18n = inert;
    nixpkgs = inert;
    security = inert;
    sound = inert;
    time = inert;
    virtualisation = inert;
    zramSwap = inert;
    powerManagement = inert;
    programs = lib.genAttrs [
      "bash"
      "command-not-found"
      "git"
      "less"
      "nano"
      "nix-ld"
      "tmux"
      "vim"
      "zsh"
    ] (_: inert);
    services = lib.genAttrs [
      "cloud-init"
      "fstrim"
      "getty"
      "journald"
      "logind"
      "nscd"
      "qemuGuest"
      "resolved"
      "timesyncd"
      "udev"
    ] (_: inert);
  };
}
