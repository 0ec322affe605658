import { defineConfig } from 'tsup';

export default defineConfig({
  entry: ['src/index.ts'],
  format: 'esm',
  target: 'node20',
  sourcemap: true,
  // Private to this workspace, so it goes into the bundle.
  noExternal: [/^@cutover\/foundation\//],
  dts: { compilerOptions: { ignoreDeprecations: '6.0', noCheck: true } },
});
