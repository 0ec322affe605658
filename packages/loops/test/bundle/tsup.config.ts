import { defineConfig } from 'tsup';
import bundles from '../../tsup.config.ts';

const bundle = Array.isArray(bundles) ? bundles.at(-1) : undefined;

/** The published bundle's own settings, on the sources of the other packages: a test needs no build before it. */
export default defineConfig({
  ...bundle,
  entry: { loops: 'src/cli.ts' },
  silent: true,
  esbuildOptions: (options, context) => {
    bundle?.esbuildOptions?.(options, context);
    options.conditions = ['source', 'module', 'import'];
  },
});
