{
  description = "The machine that agent loops live on";

  inputs.nixpkgs.url = "@nixpkgs@";

  outputs =
    { self, nixpkgs }:
    let
      settings = builtins.fromJSON (builtins.readFile ./settings.json);
    in
    {
      nixosConfigurations.${settings.hostName} = nixpkgs.lib.nixosSystem {
        inherit (settings) system;
        specialArgs = { inherit settings; };
        modules = [ (./hosts + "/${settings.hostName}/configuration.nix") ];
      };
    };
}
