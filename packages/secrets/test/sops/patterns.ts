import * as fc from 'fast-check';

/** A pattern, of which most are wrong in some way, and texts that meet its characters. */
export interface PatternSample {
  readonly pattern: string;
  readonly texts: readonly string[];
}

const words = (text: string): string[] => text.trim().split(/\s+/);

const plain = words(String.raw`a b k S key _pw . x A 0 - / é ſ K 😀 ß ǆ ^ $ { } ] [ ( ) | {2} {,2} {2, \ `);
const escapes = words(
  String.raw`\n \t \r \f \v \a \d \D \s \S \w \W \b \B \A \z \Z \. \/ \- \_ \* \] \} \{ \x41 \x{e9} \x{1F600} \x4 \x
  \x{110000} \101 \8 \1 \0 \07 \C \Q.+\E \Qa \E \pL \PL \p{Lu} \p{^Lu} \P{^Lu} \p{Greek} \p{Latin} \p{Any} \p{L \pZ
  \p{Nope} \pN \p{Script=Greek} \p{Han} \u0041 \cA \e \h \R \X \K \G \N \é \x00 \pC`,
);
const classes = words(
  String.raw`[a-c] [^a] []a] [^]a] [a\]b] [[:alpha:]] [[:^alpha:]] [[:word:]_] [[:foo:]] [:alpha:] [a-] [-a] [a-\d] [\d-a]
  [\w] [^\W] [\pL] [^\p{Lu}] [\x41-\x43] [z-a] [] [^] [a [[] [a[b] [a&&b] [\b] [\s\S] [^\s] [é-ü] [😀-😂] [\Qa\E] [.] [$^] [^\n]
  [a-b-c] [\-z] [+--] [[:space:]] [[:cntrl:][:digit:]] [[.a.]] [[=a=]] [^a-zA-Z0-9] [K] [ſ] [\z] [\pN-z] [a\ [[:alpha:]`,
);
const repeats = words(
  '* + ? *? +? ?? {2} {1,2} {0,1}? {2,} {,3} ** *+ ++ ?+ {2}{3} {2}* {1000} {1001} {0} {2,1} {001}',
);
const opens = words(
  String.raw`( (?: (?i: (?i-s: (?-i: (?P<n> (?<m> (?P<1> (?<é> (?= (?! (?<= (?<! (?> (?# (?P=n (?'n' (? (?P<n (?^i: (?| (?<n-a> (?<>`,
);
const flags = words('(?i) (?s) (?m) (?U) (?-i) (?ims) (?x) (?-) (?i-) (?--i) (?i-i) (?R)');

const { pattern } = fc.letrec<{ pattern: string; part: string; atom: string }>((tie) => ({
  pattern: fc.oneof(
    { weight: 4, arbitrary: fc.array(tie('part'), { maxLength: 3 }).map((parts) => parts.join('')) },
    { weight: 1, arbitrary: fc.tuple(tie('pattern'), tie('pattern')).map((sides) => sides.join('|')) },
  ),
  part: fc
    .tuple(tie('atom'), fc.option(fc.constantFrom(...repeats), { nil: '', freq: 2 }))
    .map((both) => both.join('')),
  atom: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    { weight: 3, arbitrary: fc.constantFrom(...plain) },
    { weight: 2, arbitrary: fc.constantFrom(...escapes) },
    { weight: 2, arbitrary: fc.constantFrom(...classes, ...flags) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.constantFrom(...opens), tie('pattern'))
        .map(([open, inner]) => `${open}${inner})`),
    },
  ),
}));

const characters = [
  ...Array.from('abAkKKsSſ.09_-/ \n\r\t\v\f\u00a0\u2028\ufefféÉαΩωΩ😀ßẞǆǅǄ\u0000xz]{}^$漢١\u0301&[:\\iİıIµμ'),
  'key',
  '_pw',
];
const text = fc.array(fc.constantFrom(...characters), { maxLength: 6 }).map((parts) => parts.join(''));

/** Go lets groups have one name, the engine does not: that is stricter, and a test of its own. */
const namesOnce = (one: string): boolean => {
  const names = [...one.matchAll(/\(\?P?<(\w+)>/g)].map(([, name]) => name);
  return new Set(names).size === names.length;
};

export const patterns: fc.Arbitrary<PatternSample> = fc.record({
  pattern: pattern.filter(namesOnce),
  texts: fc.array(text, { minLength: 10, maxLength: 10 }),
});
