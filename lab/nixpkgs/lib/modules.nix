# The module system: options are declared and defined in many modules and merged by their types.
{ lib }:
let
  inherit (builtins)
    attrNames
    concatMap
    elem
    filter
    foldl'
    functionArgs
    head
    isAttrs
    isFunction
    isPath
    isString
    length
    map
    mapAttrs
    sort
    ;
  inherit (lib)
    genAttrs
    isOption
    showOption
    unique
    ;

  structural = [
    "_file"
    "key"
    "imports"
    "disabledModules"
    "freeformType"
    "meta"
  ];

  # A module in long form: { file, imports, options, config, freeform }.
  normalise =
    file: m:
    let
      long = m ? config || m ? options;
      unknown = filter (n: !(elem n (structural ++ [ "config" "options" "_module" ]))) (attrNames m);
    in
    if !(isAttrs m) then
      throw "module ${file} is not a set of attributes"
    else if long && unknown != [ ] then
      throw "module ${file} has both `config' or `options' and `${head unknown}': put it under `config'"
    else
      {
        file = m._file or file;
        imports = m.imports or [ ];
        options = if long then m.options or { } else { };
        config = if long then m.config or { } else removeAttrs m structural;
        freeform = m.freeformType or null;
      };

  # mkIf, mkMerge and mkOverride around a set become ones around each of its values.
  pushDown =
    value:
    let
      type = value._type or null;
    in
    if type == "if" then
      map (mapAttrs (_: v: lib.mkIf value.condition v)) (pushDown value.content)
    else if type == "merge" then
      concatMap pushDown value.contents
    else if type == "override" then
      map (mapAttrs (_: v: lib.mkOverride value.priority v)) (pushDown value.content)
    else if type == "order" then
      map (mapAttrs (_: v: lib.mkOrder value.priority v)) (pushDown value.content)
    else
      [ value ];

  # What is left of a definition once its conditions are decided: [ { file, value, priority, order } ].
  discharge =
    def:
    let
      value = def.value;
      type = if isAttrs value then value._type or null else null;
    in
    if type == "if" then
      if value.condition then discharge (def // { value = value.content; }) else [ ]
    else if type == "merge" then
      concatMap (v: discharge (def // { value = v; })) value.contents
    else if type == "override" then
      discharge (
        def
        // {
          value = value.content;
          inherit (value) priority;
        }
      )
    else if type == "order" then
      discharge (
        def
        // {
          value = value.content;
          order = value.priority;
        }
      )
    else
      [
        {
          inherit value;
          inherit (def) file;
          priority = def.priority or lib.defaultOverridePriority;
          order = def.order or lib.defaultOrderPriority;
        }
      ];

  # The definitions that count: the strongest priority only, in order.
  winning =
    defs:
    let
      all = concatMap discharge defs;
      best = foldl' (p: d: if d.priority < p then d.priority else p) 1000000 all;
      kept = filter (d: d.priority == best) all;
      ordered = filter (d: d.order != lib.defaultOrderPriority) kept != [ ];
    in
    if ordered then sort (a: b: a.order < b.order) kept else kept;

  # Merges definitions by a type; `none` is returned when nothing is left of them.
  mergeDefinitions =
    loc: type: defs: none:
    let
      kept = winning defs;
      bad = filter (d: !(type.check d.value)) kept;
    in
    if kept == [ ] then
      none
    else if bad != [ ] then
      throw "A definition for option `${showOption loc}' is not of type `${type.name}' (in ${(head bad).file})"
    else
      { value = type.merge loc kept; };

  evalOption =
    loc: decls: defs:
    let
      option = (head decls).options;
      type = option.type or lib.types.unspecified;
      fallback =
        if option ? default then
          [
            {
              file = (head decls).file;
              value = lib.mkOptionDefault option.default;
            }
          ]
        else
          [ ];
      merged = mergeDefinitions loc type (defs ++ fallback) (
        if type ? emptyValue then
          { value = type.emptyValue; }
        else
          throw "The option `${showOption loc}' is used but not defined."
      );
      value = if option ? apply then option.apply merged.value else merged.value;
    in
    if length decls > 1 then
      throw "The option `${showOption loc}' is declared twice: in ${builtins.concatStringsSep " and " (map (d: d.file) decls)}"
    else if (option.readOnly or false) && length (winning defs) > 1 then
      throw "The option `${showOption loc}' is read-only, but it is set more than once."
    else
      {
        inherit value loc type;
        option = option // {
          inherit loc value;
          isDefined = winning defs != [ ];
          definitions = map (d: d.value) (winning defs);
        };
      };

  # Walks the tree of declarations; gives { config, options, stray } where stray are definitions without an option.
  mergeTree =
    loc: decls: defs:
    let
      declared = unique (concatMap (d: attrNames d.options) decls);
      defined = unique (concatMap (d: attrNames d.value) defs);
      declsOf =
        n:
        concatMap (
          d: if d.options ? ${n} then [ { inherit (d) file; options = d.options.${n}; } ] else [ ]
        ) decls;
      defsOf =
        n:
        concatMap (
          d: if d.value ? ${n} then [ { inherit (d) file; value = d.value.${n}; } ] else [ ]
        ) defs;
      below = genAttrs declared (
        n:
        let
          ds = declsOf n;
          leaves = filter (d: isOption d.options) ds;
        in
        if leaves != [ ] then
          let
            o = evalOption (loc ++ [ n ]) leaves (defsOf n);
          in
          {
            config = o.value;
            options = o.option;
            stray = [ ];
          }
        else
          mergeTree (loc ++ [ n ]) ds (
            concatMap (
              d:
              map (value: {
                inherit (d) file;
                inherit value;
              }) (pushDown d.value)
            ) (defsOf n)
          )
      );
      own = concatMap (
        n:
        map (d: {
          loc = loc ++ [ n ];
          inherit (d) file value;
        }) (defsOf n)
      ) (filter (n: !(elem n declared)) defined);
    in
    {
      config = mapAttrs (_: b: b.config) below;
      options = mapAttrs (_: b: b.options) below;
      stray = own ++ concatMap (n: below.${n}.stray) declared;
    };

  evalModules =
    {
      modules,
      specialArgs ? { },
      prefix ? [ ],
      ...
    }:
    let
      base = specialArgs // {
        inherit lib config;
        options = tree.options;
      };
      apply =
        f: f (base // mapAttrs (n: _: base.${n} or config._module.args.${n}) (functionArgs f));
      load =
        file: m:
        if isPath m || isString m then
          load (toString m) (import m)
        else if isFunction m || (isAttrs m && m ? __functor) then
          normalise file (apply m)
        else
          normalise file m;
      keyOf = m: if isPath m || isString m then toString m else null;
      collect =
        parent: seen: ms:
        foldl' (
          acc: m:
          let
            key = keyOf m;
            loaded = load parent m;
            inner = collect loaded.file (acc.seen ++ (if key == null then [ ] else [ key ])) loaded.imports;
          in
          if key != null && elem key acc.seen then
            acc
          else
            {
              inherit (inner) seen;
              list = acc.list ++ [ loaded ] ++ inner.list;
            }
        ) {
          inherit seen;
          list = [ ];
        } ms;
      all =
        (collect "<modules>" [ ] (
          [
            {
              _file = "<module system>";
              options._module.args = lib.mkOption {
                type = lib.types.lazyAttrsOf lib.types.raw;
                default = { };
              };
              options._module.check = lib.mkOption {
                type = lib.types.bool;
                default = true;
              };
            }
          ]
          ++ modules
        )).list;
      tree = mergeTree prefix (map (m: { inherit (m) file options; }) all) (
        concatMap (
          m:
          map (value: {
            inherit (m) file;
            inherit value;
          }) (pushDown m.config)
        ) all
      );
      freeforms = filter (f: f != null) (map (m: m.freeform) all);
      free =
        if freeforms == [ ] || tree.stray == [ ] then
          { }
        else
          (mergeDefinitions prefix (head freeforms) (map (
            d:
            {
              inherit (d) file;
              value = lib.setAttrByPath (lib.drop (length prefix) d.loc) d.value;
            }
          ) tree.stray) { value = { }; }).value;
      config = lib.recursiveUpdate free tree.config;
      checked =
        if freeforms == [ ] && config._module.check && tree.stray != [ ] then
          throw "The option `${showOption (head tree.stray).loc}' does not exist. It is defined in ${(head tree.stray).file}."
        else
          config;
    in
    {
      config = removeAttrs checked [ "_module" ];
      options = tree.options;
      _module = config._module;
    };
in
{
  inherit evalModules mergeDefinitions;
}
