let
  inherit (builtins) fromJSON readFile;
in
rec {
  inherit (builtins)
    isAttrs
    isBool
    isFloat
    isFunction
    isInt
    isList
    isPath
    isString
    functionArgs
    seq
    deepSeq
    throw
    trace
    toJSON
    fromJSON
    readFile
    pathExists
    baseNameOf
    dirOf
    add
    sub
    ;
  id = x: x;
  const = x: _: x;
  flip =
    f: a: b:
    f b a;
  pipe = builtins.foldl' (x: f: f x);
  min = a: b: if a < b then a else b;
  max = a: b: if a > b then a else b;
  importJSON = path: fromJSON (readFile path);
  importTOML = path: builtins.fromTOML (readFile path);
  warn = message: builtins.trace "warning: ${message}";
  warnIf = condition: message: if condition then warn message else id;
  throwIf = condition: message: if condition then throw message else id;
  throwIfNot = condition: throwIf (!condition);
  assertMsg = condition: message: condition || throw message;
  boolToString = b: if b then "true" else "false";
  version = "24.11.lab";
  release = "24.11";
}
