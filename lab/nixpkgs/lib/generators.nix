{
  lists,
  attrsets,
  strings,
}:
rec {
  toJSON = _: builtins.toJSON;
  toYAML = _: builtins.toJSON;
  mkValueStringDefault =
    _: v: if v == true then "true" else if v == false then "false" else toString v;
  mkKeyValueDefault =
    _: separator: key: value:
    "${key}${separator}${mkValueStringDefault { } value}";
  toKeyValue =
    {
      mkKeyValue ? mkKeyValueDefault { } "=",
      listsAsDuplicateKeys ? false,
      ...
    }:
    set:
    strings.concatStrings (
      attrsets.mapAttrsToList (
        k: v:
        if listsAsDuplicateKeys && builtins.isList v then
          strings.concatMapStrings (x: mkKeyValue k x + "\n") v
        else
          mkKeyValue k v + "\n"
      ) set
    );
  toINI =
    args: sections:
    strings.concatStringsSep "\n" (
      attrsets.mapAttrsToList (name: values: "[${name}]\n" + toKeyValue args values) sections
    );
}
