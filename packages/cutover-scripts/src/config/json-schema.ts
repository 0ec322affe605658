import * as z from 'zod';
import { cutoverSchema } from './schema.ts';

/** The JSON Schema of `cutover.yaml` as it is written, before defaults. */
export function cutoverJsonSchema(): object {
  return {
    title: 'cutover.yaml',
    description: 'A cutover: which rig moves from which host, onto which instance',
    ...z.toJSONSchema(cutoverSchema, { io: 'input', unrepresentable: 'any' }),
  };
}
