{ lists }:
let
  inherit (builtins)
    concatStringsSep
    match
    replaceStrings
    stringLength
    substring
    ;
in
rec {
  inherit (builtins)
    concatStringsSep
    isString
    match
    replaceStrings
    split
    stringLength
    substring
    toJSON
    toString
    unsafeDiscardStringContext
    hasContext
    ;
  concatStrings = concatStringsSep "";
  concatMapStrings = f: xs: concatStrings (map f xs);
  concatMapStringsSep =
    separator: f: xs:
    concatStringsSep separator (map f xs);
  concatImapStringsSep =
    separator: f: xs:
    concatStringsSep separator (lists.imap1 f xs);
  concatLines = concatMapStrings (line: line + "\n");
  optionalString = condition: s: if condition then s else "";
  hasPrefix = prefix: s: substring 0 (stringLength prefix) s == prefix;
  hasSuffix =
    suffix: s:
    let
      n = stringLength suffix;
      l = stringLength s;
    in
    l >= n && substring (l - n) n s == suffix;
  hasInfix = infix: s: builtins.length (builtins.split (escapeRegex infix) s) > 1;
  removePrefix = prefix: s: if hasPrefix prefix s then substring (stringLength prefix) (stringLength s) s else s;
  removeSuffix =
    suffix: s: if hasSuffix suffix s then substring 0 (stringLength s - stringLength suffix) s else s;
  escape = characters: replaceStrings characters (map (c: "\\${c}") characters);
  escapeRegex = escape [
    "\\"
    "["
    "]"
    "{"
    "}"
    "("
    ")"
    "."
    "*"
    "+"
    "?"
    "^"
    "$"
    "|"
  ];
  escapeShellArg =
    value:
    let
      s = toString value;
    in
    if match "[[:alnum:],._+:@%/-]+" s == null then "'${replaceStrings [ "'" ] [ "'\\''" ] s}'" else s;
  escapeShellArgs = concatMapStringsSep " " escapeShellArg;
  escapeNixString = s: builtins.toJSON s;
  splitString = separator: s: builtins.filter builtins.isString (builtins.split (escapeRegex separator) s);
  stringToCharacters = s: builtins.genList (i: substring i 1 s) (stringLength s);
  upperCharacters = stringToCharacters "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  lowerCharacters = stringToCharacters "abcdefghijklmnopqrstuvwxyz";
  toLower = replaceStrings upperCharacters lowerCharacters;
  toUpper = replaceStrings lowerCharacters upperCharacters;
  trim = s: builtins.head (builtins.match "[[:space:]]*(.*[^[:space:]]|)[[:space:]]*" s);
  fileContents = path: removeSuffix "\n" (builtins.readFile path);
  versionOlder = a: b: builtins.compareVersions b a == 1;
  versionAtLeast = a: b: !(versionOlder a b);
  toInt =
    s:
    let
      value = builtins.fromJSON s;
    in
    if builtins.isInt value then value else throw "toInt: ${s}";
  makeSearchPath =
    sub: packages: concatMapStringsSep ":" (p: "${p}/${sub}") (builtins.filter (p: p != null) packages);
  makeBinPath = makeSearchPath "bin";
  isStorePath = x: hasPrefix builtins.storeDir (toString x);
  escapeSystemdExecArg =
    value: replaceStrings [ "%" "$" ] [ "%%" "$$" ] (builtins.toJSON (toString value));
  escapeSystemdExecArgs = concatMapStringsSep " " escapeSystemdExecArg;
  sanitizeDerivationName = s: concatStrings (map (x: if builtins.isList x then "-" else x) (builtins.split "[^[:alnum:]+._?=-]+" s));
}
