import { existsSync } from 'node:fs';
import { defineConfig } from 'tsup';

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    lab: 'src/cli.ts',
    ...(existsSync('src/rehearse/main.ts') && { rehearse: 'src/rehearse/main.ts' }),
    'record-cutover': 'src/record-cutover/main.ts',
  },
  format: 'esm',
  target: 'node20',
  clean: true,
  sourcemap: true,
  loader: { '.sh': 'text' },
  noExternal: [/^@cutover\/foundation\//, /^@cutover\/test-support\//],
  esbuildOptions: (options) => {
    // Other packages of the workspace are dependencies, resolved as their users resolve them.
    options.conditions = ['module', 'import'];
  },
});
