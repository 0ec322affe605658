import * as z from 'zod';
import { rigFileSchema } from './schema.ts';

/** The JSON Schema of `loops.yaml`, as it is written: before defaults, durations and sizes as text. */
export function rigFileJsonSchema(): object {
  return {
    title: 'loops.yaml',
    description: 'A rig of agent loops',
    ...z.toJSONSchema(rigFileSchema, { io: 'input', unrepresentable: 'any' }),
  };
}
