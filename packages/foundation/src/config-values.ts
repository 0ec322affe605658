import * as z from 'zod';
import { durationPattern, durationRule, parseDuration } from './duration.ts';
import { parseSize, sizePattern, sizeRule } from './size.ts';

/** A duration in a config file, e.g. `60s`; parsed to milliseconds. */
export const duration: z.ZodType<number, string> = z
  .string({ error: durationRule })
  .regex(durationPattern, durationRule)
  .transform((text) => parseDuration(text) ?? 0);

/** A size in a config file, e.g. `2GiB`; parsed to bytes. */
export const size: z.ZodType<number, string> = z
  .string({ error: sizeRule })
  .regex(sizePattern, sizeRule)
  .transform((text) => parseSize(text) ?? 0);
