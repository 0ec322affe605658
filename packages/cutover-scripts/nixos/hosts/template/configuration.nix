# Everything that differs from one machine to another is in settings.json; what is particular to this one goes here.
{
  lib,
  modulesPath,
  settings,
  ...
}:
{
  imports =
    [
      ../../modules/base.nix
      ../../modules/network.nix
      ../../modules/user.nix
      ../../modules/commands.nix
      ../../modules/ssh.nix
      ../../modules/swap.nix
      ../../modules/proxy.nix
      ../../modules/tailnet.nix
    ]
    ++ lib.optional (settings.instanceType == "virtual-machine") "${modulesPath}/virtualisation/incus-virtual-machine.nix"
    ++ lib.optional (settings.instanceType == "container") "${modulesPath}/virtualisation/lxc-container.nix"
    ++ lib.optionals (settings.loops != null) [
      ../../modules/loops.nix
      ../../modules/rig.nix
    ]
    ++ lib.optionals (settings.secrets != null) [
      ../../modules/secrets.nix
      ../../modules/activation.nix
    ];

  networking.hostName = settings.hostName;
  system.stateVersion = settings.stateVersion;
}
