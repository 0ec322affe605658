// A package's types, read by the compiler as a strict consumer of it has it set.
import { join } from 'node:path';
import ts from 'typescript';

const strict = {
  target: ts.ScriptTarget.ES2023,
  lib: ['lib.es2023.d.ts'],
  types: ['node'],
  noEmit: true,
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  skipLibCheck: false,
  // An object of type-only namespaces is not an error.
  verbatimModuleSyntax: true,
};
const resolutions = {
  nodenext: { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext },
  bundler: { module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler },
};

/** What the compiler says of a file that imports all that a package exports, in a folder where it is installed. */
export function typeMistakes(folder, entries) {
  const file = join(folder, 'consumer.mts');
  const content = entries
    .map((entry, index) => `import * as entry${index} from ${JSON.stringify(entry)};\nvoid entry${index};\n`)
    .join('');
  return Object.entries(resolutions).flatMap(([name, resolution]) => {
    const options = { ...strict, ...resolution };
    const host = ts.createCompilerHost(options);
    const read = host.getSourceFile.bind(host);
    host.getCurrentDirectory = () => folder;
    host.fileExists = (path) => path === file || ts.sys.fileExists(path);
    host.readFile = (path) => (path === file ? content : ts.sys.readFile(path));
    host.getSourceFile = (path, ...rest) =>
      path === file ? ts.createSourceFile(path, content, options.target, true) : read(path, ...rest);
    const program = ts.createProgram([file], options, host);
    return (
      ts
        .getPreEmitDiagnostics(program)
        // The types of others are theirs.
        .filter(
          ({ file: at }) =>
            at === undefined || at.fileName === file || /node_modules\/@cutover\//.test(at.fileName),
        )
        .map((one) => `its types under ${name}: ${ts.formatDiagnostic(one, formatHost).trim()}`)
    );
  });
}

const formatHost = {
  getCanonicalFileName: (name) => name,
  getCurrentDirectory: () => '/',
  getNewLine: () => '\n',
};
