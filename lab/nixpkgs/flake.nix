{
  description = "Stands for nixpkgs where there is none: the module system and a small NixOS, on the tools of the machine it runs on";

  outputs =
    { self }:
    let
      lib = import ./lib;
      systems = [
        "x86_64-linux"
        "aarch64-linux"
      ];
      packagesFor = system: import ./pkgs { inherit lib system; };
    in
    {
      lib = lib // {
        nixosSystem = args: import ./nixos/eval.nix ({ inherit lib packagesFor; } // args);
      };
      legacyPackages = lib.genAttrs systems packagesFor;
    };
}
