import { buildCommit } from '@cutover/foundation/build-commit';
import type { Plugin, RolldownOptions } from 'rolldown';

/** Replaces modules by ones that have nothing in them. */
const without = (name: RegExp, importer: RegExp): Plugin => ({
  name: 'without',
  resolveId: (source, from) => (name.test(source) && importer.test(from ?? '') ? empty : undefined),
  load: (id) => (id === empty ? '' : undefined),
});
const empty = '\0empty';

/** What each start loads, and what opens a file by an age key: few files, since each takes longer to find than to read. */
const start =
  /rolldown|usingCtx|empty|\/commander\/|foundation\/src\/(?:run-|completion\.|exit-codes|io|describe-error|escape-controls|interrupts|usage-error|errno)|secrets\/src\/(?:run-cli|errors|visible|commands\/(?:program|descriptions|exit-codes|sops-arguments))/;
const open = new RegExp(
  `secrets/src/(?:${[
    'age/(?:age-file|bech32|data-key|identities|recipient|search|x25519|x25519-keys)',
    'commands/shared/(?:ask-passphrase|ask-hidden|engine|identities|input|options)',
    'files/read-file',
    'sops/(?:cipher|content|engine|file|find-config|go-number|inspect|layout|metadata|selection|tree|tree-path|value-text|walk|writable)',
    'sops/formats/(?:flatten|format|go-scalar|scalar-text|yaml-)',
  ].join('|')})|foundation/src/size`,
);

/**
 * The command, with all that it needs in it: to load that from node_modules takes longer than most commands. As CommonJS, and
 * in few files, it starts in half the time of ES modules. What a command does not need stays in files of its own.
 */
export default {
  input: { cli: 'src/cli.ts' },
  platform: 'node',
  preserveEntrySignatures: false,
  // What is in a file that is loaded anyway is still named where it is needed.
  checks: { ineffectiveDynamicImport: false },
  // Parts in C that ssh2 uses where it finds them.
  external: [/\.node$/, 'cpu-features'],
  // Other packages of the workspace, as their users resolve them.
  resolve: { conditionNames: ['module', 'import', 'node'] },
  transform: { target: 'node20', define: buildCommit },
  plugins: [
    // For subcommands that are programs of their own, which there are none of.
    without(/^(?:node:)?child_process$/, /\/commander\//),
  ],
  output: {
    dir: 'dist/command',
    format: 'cjs',
    entryFileNames: '[name].cjs',
    chunkFileNames: '[name]-[hash].cjs',
    minify: true,
    cleanDir: true,
    codeSplitting: {
      includeDependenciesRecursively: false,
      groups: [
        { name: 'start', test: start },
        { name: 'open', test: open },
        { name: 'yaml', test: /node_modules\/yaml\// },
      ],
    },
  },
} satisfies RolldownOptions;
