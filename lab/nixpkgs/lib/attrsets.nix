{ lists }:
let
  inherit (builtins)
    attrNames
    attrValues
    elemAt
    filter
    foldl'
    isAttrs
    length
    listToAttrs
    mapAttrs
    ;
in
rec {
  inherit (builtins)
    attrNames
    attrValues
    catAttrs
    getAttr
    hasAttr
    intersectAttrs
    isAttrs
    listToAttrs
    mapAttrs
    removeAttrs
    zipAttrsWith
    ;
  nameValuePair = name: value: { inherit name value; };
  mapAttrs' = f: set: listToAttrs (map (n: f n set.${n}) (attrNames set));
  mapAttrsToList = f: set: map (n: f n set.${n}) (attrNames set);
  attrsToList = mapAttrsToList nameValuePair;
  concatMapAttrs = f: set: foldl' (a: b: a // b) { } (attrValues (mapAttrs f set));
  filterAttrs = test: set: removeAttrs set (filter (n: !(test n set.${n})) (attrNames set));
  genAttrs = names: f: listToAttrs (map (n: nameValuePair n (f n)) names);
  optionalAttrs = condition: set: if condition then set else { };
  mergeAttrsList = foldl' (a: b: a // b) { };
  isDerivation = x: (x.type or null) == "derivation";
  attrByPath =
    path: fallback: set:
    if path == [ ] then
      set
    else if isAttrs set && set ? ${builtins.head path} then
      attrByPath (builtins.tail path) fallback set.${builtins.head path}
    else
      fallback;
  hasAttrByPath =
    path: set:
    path == [ ]
    || (
      isAttrs set
      && set ? ${builtins.head path}
      && hasAttrByPath (builtins.tail path) set.${builtins.head path}
    );
  getAttrFromPath = path: set: foldl' (s: n: s.${n}) set path;
  setAttrByPath =
    path: value:
    if path == [ ] then value else { ${builtins.head path} = setAttrByPath (builtins.tail path) value; };
  recursiveUpdate =
    a: b:
    a
    // mapAttrs (
      n: v:
      if isAttrs v && isAttrs (a.${n} or null) && !(isDerivation v) then recursiveUpdate a.${n} v else v
    ) b;
  getBin = package: package;
  getExe =
    package:
    getExe' package (package.meta.mainProgram or package.pname or (throw "getExe: no mainProgram in ${package.name or "?"}"));
  getExe' = package: name: "${package}/bin/${name}";
  recurseIntoAttrs = set: set;
}
