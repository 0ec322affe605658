// docs/troubleshooting.md has a line for each code of an error that a published package exports, and for no other.
// Needs the packages built: the codes are read from their types.
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import ts from 'typescript';

const page = 'docs/troubleshooting.md';

/** The types of every entry point of the published packages. */
function entryPoints() {
  return readdirSync('packages').flatMap((folder) => {
    const manifest = JSON.parse(readFileSync(join('packages', folder, 'package.json'), 'utf8'));
    if (manifest.private) return [];
    return Object.values(manifest.exports).flatMap((entry) =>
      typeof entry.types === 'string' ? [resolve('packages', folder, entry.types)] : [],
    );
  });
}

/** The codes of the error classes that an entry point exports, each with the name of its class. */
function codesOf(program, entry) {
  const checker = program.getTypeChecker();
  const module = checker.getSymbolAtLocation(program.getSourceFile(entry));
  return checker.getExportsOfModule(module).flatMap((exported) => {
    const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
    if (!(symbol.flags & ts.SymbolFlags.Class)) return [];
    const type = checker.getDeclaredTypeOfSymbol(symbol);
    const code = type.getProperty('code');
    if (type.getProperty('stack') === undefined || code === undefined) return [];
    const declared = checker.getTypeOfSymbol(code);
    const codes = checker.getBaseConstraintOfType(declared) ?? declared;
    return (codes.isUnion() ? codes.types : [codes]).map((one) => {
      if (!one.isStringLiteral())
        throw new Error(`${symbol.name}: its code is ${checker.typeToString(one)}, not a literal`);
      return one.value;
    });
  });
}

const entries = entryPoints();
const program = ts.createProgram(entries, {
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  target: ts.ScriptTarget.ES2023,
  skipLibCheck: true,
  types: ['node'],
});
const given = new Set(entries.flatMap((entry) => codesOf(program, entry)));
const described = readFileSync(page, 'utf8')
  .match(/^\| `[A-Z_]+`/gm)
  .map((cell) => cell.slice(3, -1));

const mistakes = [
  ...[...given]
    .filter((code) => !described.includes(code))
    .map((code) => `${page}: there is no line for ${code}`),
  ...described.filter((code) => !given.has(code)).map((code) => `${page}: no package gives ${code}`),
  ...described
    .filter((code, at) => described.indexOf(code) !== at)
    .map((code) => `${page}: ${code} has two lines`),
];
if (mistakes.length > 0) {
  console.error(mistakes.join('\n'));
  process.exit(1);
}
