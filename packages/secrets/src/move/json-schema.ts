import * as z from 'zod';
import { secretsConfigSchema } from './config.ts';

/** The JSON Schema of `secrets.yaml` as it is written, before defaults. */
export function secretsJsonSchema(): object {
  return {
    title: 'secrets.yaml',
    description: 'Secrets that move from host to host through sops files in a git repository',
    ...z.toJSONSchema(secretsConfigSchema, { io: 'input', unrepresentable: 'any' }),
  };
}
