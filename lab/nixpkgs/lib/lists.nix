let
  inherit (builtins)
    elem
    elemAt
    filter
    foldl'
    genList
    isList
    length
    ;
in
rec {
  inherit (builtins)
    all
    any
    concatLists
    concatMap
    elem
    elemAt
    filter
    foldl'
    genList
    head
    length
    map
    partition
    sort
    tail
    groupBy
    ;
  singleton = x: [ x ];
  toList = x: if isList x then x else [ x ];
  optional = condition: x: if condition then [ x ] else [ ];
  optionals = condition: xs: if condition then xs else [ ];
  last = xs: elemAt xs (length xs - 1);
  init = xs: take (length xs - 1) xs;
  take = n: xs: genList (elemAt xs) (if n < length xs then n else length xs);
  drop = n: xs: genList (i: elemAt xs (i + n)) (if length xs > n then length xs - n else 0);
  reverseList = xs: genList (i: elemAt xs (length xs - i - 1)) (length xs);
  range = first: end: if first > end then [ ] else genList (i: first + i) (end - first + 1);
  imap0 = f: xs: genList (i: f i (elemAt xs i)) (length xs);
  imap1 = f: xs: genList (i: f (i + 1) (elemAt xs i)) (length xs);
  unique = foldl' (seen: x: if elem x seen then seen else seen ++ [ x ]) [ ];
  subtractLists = remove: filter (x: !(elem x remove));
  intersectLists = keep: filter (x: elem x keep);
  remove = x: filter (y: y != x);
  flatten = x: if isList x then builtins.concatMap flatten x else [ x ];
  findFirst =
    test: fallback: xs:
    let
      found = filter test xs;
    in
    if found == [ ] then fallback else builtins.head found;
  count = test: xs: length (filter test xs);
  foldr =
    f: end: xs:
    foldl' (acc: x: f x acc) end (reverseList xs);
  fold = foldr;
  zipListsWith =
    f: as: bs:
    genList (i: f (elemAt as i) (elemAt bs i)) (if length as < length bs then length as else length bs);
  naturalSort = builtins.sort builtins.lessThan;
}
