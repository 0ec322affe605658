# Option types: { name, check, merge = loc: defs: value }. The definitions that reach `merge` have the same priority.
{ lib }:
let
  inherit (builtins)
    all
    attrNames
    concatMap
    concatStringsSep
    elem
    filter
    head
    isAttrs
    isBool
    isFloat
    isFunction
    isInt
    isList
    isPath
    isString
    length
    map
    match
    ;
  inherit (lib) last showOption unique;
  mergeDefinitions = lib.modules.mergeDefinitions;

  mergeEqual =
    loc: defs:
    if all (d: d.value == (head defs).value) defs then
      (head defs).value
    else
      throw "The option `${showOption loc}' has conflicting definition values, in ${
        concatStringsSep " and " (unique (map (d: d.file) defs))
      }.";
  mergeOne =
    loc: defs:
    if length defs == 1 then
      (head defs).value
    else
      throw "The option `${showOption loc}' is defined more than once, in ${
        concatStringsSep " and " (map (d: d.file) defs)
      }.";

  type =
    t:
    {
      check = _: true;
      merge = mergeEqual;
      description = t.name;
      _type = "option-type";
    }
    // t;
  isStringLike = x: isString x || isPath x || (isAttrs x && (x ? outPath || x ? __toString));

  # Merges per attribute; what is left without a value (mkIf false) has no attribute.
  attrsOfWith =
    lazy: element:
    type {
      name = "attribute set of ${element.name}";
      check = isAttrs;
      emptyValue = { };
      merge =
        loc: defs:
        let
          names = unique (concatMap (d: attrNames d.value) defs);
          merged = lib.genAttrs names (
            n:
            mergeDefinitions (loc ++ [ n ]) element (concatMap (
              d:
              if d.value ? ${n} then
                [
                  {
                    inherit (d) file;
                    value = d.value.${n};
                  }
                ]
              else
                [ ]
            ) defs) { absent = true; }
          );
        in
        builtins.mapAttrs (_: m: m.value) (
          if lazy then merged else lib.filterAttrs (_: m: m ? value) merged
        );
    };

  separated =
    separator:
    type {
      name = "strings joined by ${builtins.toJSON separator}";
      check = isString;
      merge = _: defs: concatStringsSep separator (map (d: d.value) defs);
    };

  number =
    name: test:
    type {
      inherit name;
      check = x: isInt x && test x;
    };

  self = rec {
    inherit (lib) isOption;
    mkOptionType = type;
    unspecified = type { name = "unspecified"; };
    raw = type {
      name = "raw value";
      merge = mergeOne;
    };
    bool = type {
      name = "boolean";
      check = isBool;
    };
    int = number "integer" (_: true);
    float = type {
      name = "float";
      check = isFloat;
    };
    port = number "port (0 to 65535)" (x: x >= 0 && x <= 65535);
    ints = {
      positive = number "positive integer" (x: x > 0);
      unsigned = number "integer of at least 0" (x: x >= 0);
      between = low: high: number "integer from ${toString low} to ${toString high}" (x: x >= low && x <= high);
      u8 = ints.between 0 255;
      u16 = ints.between 0 65535;
      u32 = ints.between 0 4294967295;
    };
    numbers = {
      positive = addCheck (either int float) (x: x > 0);
      nonnegative = addCheck (either int float) (x: x >= 0);
    };
    str = type {
      name = "string";
      check = isString;
    };
    singleLineStr = strMatching "[^\n\r]*\n?";
    nonEmptyStr = addCheck str (s: match "[ \t\n]*" s == null);
    strMatching =
      pattern:
      type {
        name = "string matching ${pattern}";
        check = s: isString s && match pattern s != null;
      };
    lines = separated "\n";
    commas = separated ",";
    envVar = separated ":";
    separatedString = separated;
    path = type {
      name = "absolute path";
      check = x: isStringLike x && builtins.substring 0 1 (toString x) == "/";
    };
    pathInStore = path;
    package = type {
      name = "package";
      check = x: lib.isDerivation x || lib.isStorePath x;
    };
    shellPackage = package;
    attrs = type {
      name = "attribute set";
      check = isAttrs;
      emptyValue = { };
      merge = _: builtins.foldl' (a: d: a // d.value) { };
    };
    enum =
      values:
      type {
        name = "one of ${concatStringsSep ", " (map builtins.toJSON values)}";
        check = x: elem x values;
      };
    nullOr =
      element:
      type {
        name = "null or ${element.name}";
        check = x: x == null || element.check x;
        merge =
          loc: defs:
          let
            set = filter (d: d.value != null) defs;
          in
          if set == [ ] then null else element.merge loc set;
      };
    listOf =
      element:
      type {
        name = "list of ${element.name}";
        check = isList;
        emptyValue = [ ];
        merge =
          loc: defs:
          concatMap (
            d:
            concatMap (
              m: if m ? value then [ m.value ] else [ ]
            ) (lib.imap1 (i: v:
              mergeDefinitions (loc ++ [ "[${toString i}]" ]) element [
                {
                  inherit (d) file;
                  value = v;
                }
              ] { absent = true; }
            ) d.value)
          ) defs;
      };
    nonEmptyListOf = element: addCheck (listOf element) (l: l != [ ]);
    attrsOf = attrsOfWith false;
    lazyAttrsOf = attrsOfWith true;
    uniq = element: element // { merge = mergeOne; };
    unique = _: element: element // { merge = mergeOne; };
    functionTo =
      element:
      type {
        name = "function";
        check = isFunction;
        merge = mergeOne;
      };
    addCheck = element: test: element // { check = x: element.check x && test x; };
    coercedTo =
      from: coerce: to:
      type {
        name = "${from.name} or ${to.name}";
        check = x: from.check x || to.check x;
        merge =
          loc: defs:
          to.merge loc (map (d: d // { value = if from.check d.value then coerce d.value else d.value; }) defs);
      };
    either =
      a: b:
      type {
        name = "${a.name} or ${b.name}";
        check = x: a.check x || b.check x;
        merge =
          loc: defs:
          if all (d: a.check d.value) defs then
            a.merge loc defs
          else if all (d: b.check d.value) defs then
            b.merge loc defs
          else
            mergeEqual loc defs;
      };
    oneOf = types: builtins.foldl' either (head types) (builtins.tail types);
    anything = type {
      name = "anything";
      merge =
        loc: defs:
        let
          every = test: all (d: test d.value) defs;
        in
        if every (v: isAttrs v && !(lib.isDerivation v)) then
          (lazyAttrsOf anything).merge loc defs
        else if every isList then
          concatMap (d: d.value) defs
        else
          mergeEqual loc defs;
    };
    deferredModule = type {
      name = "module";
      merge = _: defs: { imports = map (d: d.value) defs; };
    };
    submodule = modules: submoduleWith { modules = lib.toList modules; };
    submoduleWith =
      {
        modules,
        specialArgs ? { },
        ...
      }:
      type {
        name = "submodule";
        check = x: isAttrs x || isFunction x || isPath x;
        emptyValue =
          (lib.evalModules {
            inherit modules specialArgs;
          }).config;
        merge =
          loc: defs:
          (lib.evalModules {
            prefix = loc;
            specialArgs = specialArgs // {
              name = last loc;
            };
            modules =
              modules
              ++ map (
                d:
                if isAttrs d.value then
                  {
                    _file = d.file;
                    config = d.value;
                  }
                else
                  d.value
              ) defs;
          }).config;
      };
  };
in
self
