let
  priority = p: content: {
    _type = "override";
    priority = p;
    inherit content;
  };
  order = p: content: {
    _type = "order";
    priority = p;
    inherit content;
  };
in
{
  mkOption = args: args // { _type = "option"; };
  mkEnableOption = name: {
    _type = "option";
    default = false;
    example = true;
    description = "Whether to enable ${toString name}.";
    type = (import ./types.nix { lib = import ./default.nix; }).bool;
  };
  mkPackageOption =
    pkgs: name:
    {
      default ? name,
      ...
    }:
    {
      _type = "option";
      description = "The package to use.";
      type = (import ./types.nix { lib = import ./default.nix; }).package;
      default = builtins.foldl' (set: n: set.${n}) pkgs (if builtins.isList default then default else [ default ]);
    };
  mkIf = condition: content: {
    _type = "if";
    inherit condition content;
  };
  mkMerge = contents: {
    _type = "merge";
    inherit contents;
  };
  mkOverride = priority;
  mkOptionDefault = priority 1500;
  mkDefault = priority 1000;
  mkForce = priority 50;
  mkVMOverride = priority 10;
  mkOrder = order;
  mkBefore = order 500;
  mkAfter = order 1500;
  mkAssert =
    condition: message: content:
    if condition then content else throw message;
  defaultOverridePriority = 100;
  defaultOrderPriority = 1000;
  isOption = x: builtins.isAttrs x && (x._type or null) == "option";
  showOption = builtins.concatStringsSep ".";
  literalExpression = text: {
    _type = "literalExpression";
    inherit text;
  };
  literalMD = text: {
    _type = "literalMD";
    inherit text;
  };
  mdDoc = text: text;
}
