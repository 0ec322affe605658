import { expect, it } from 'vitest';
import { cutoverJsonSchema } from '../../src/config/json-schema.ts';

// `npx vitest run --project cutover-scripts json-schema --update` writes it anew.
it('publishes the JSON Schema that fits the config', async () => {
  await expect(`${JSON.stringify(cutoverJsonSchema(), undefined, 2)}\n`).toMatchFileSnapshot(
    '../../schema/cutover.schema.json',
  );
});
