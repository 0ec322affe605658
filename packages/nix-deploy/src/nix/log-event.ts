import { stripVTControlCharacters } from 'node:util';

import * as z from 'zod';

/**
 * One line of `--log-format internal-json`. Ids are strings: they are `pid << 32 + n`, pass 2^53, and two of them would
 * become one as numbers. Numbers of activities and results are those of nix's `logging.hh`.
 */
export type NixLogEvent =
  | {
      readonly action: 'start';
      readonly id: string;
      readonly parent: string | undefined;
      readonly activity: number;
      readonly level: number;
      readonly text: string;
      readonly fields: readonly Field[];
    }
  | { readonly action: 'stop'; readonly id: string }
  | {
      readonly action: 'result';
      readonly id: string;
      readonly result: number;
      readonly fields: readonly Field[];
    }
  | { readonly action: 'msg'; readonly level: number; readonly text: string }
  /** A line that nix did not write: a builder or a hook wrote past the logger. */
  | { readonly action: 'raw'; readonly text: string };

export type Field = string | number;

export const activities = {
  copyPath: 100,
  fileTransfer: 101,
  realise: 102,
  copyPaths: 103,
  builds: 104,
  build: 105,
  substitute: 108,
  fetchTree: 112,
} as const;

export const results = {
  logLine: 101,
  phase: 104,
  progress: 105,
  setExpected: 106,
  postBuildLine: 107,
} as const;

const id = z.union([z.string(), z.number()]).transform(String);
const field = z.union([z.string(), z.number()]).catch('');
const line = z.discriminatedUnion('action', [
  z.object({
    action: z.literal('start'),
    id,
    parent: id.optional(),
    type: z.number().catch(0),
    level: z.number().catch(3),
    text: z.string().catch(''),
    fields: z.array(field).catch([]),
  }),
  z.object({ action: z.literal('stop'), id }),
  z.object({ action: z.literal('result'), id, type: z.number().catch(0), fields: z.array(field).catch([]) }),
  z.object({
    action: z.literal('msg'),
    level: z.number().catch(3),
    msg: z.string().catch(''),
    raw_msg: z.string().optional(),
  }),
]);

/** Reads a line; one that cannot be understood is `raw`, for nothing that nix says may be lost. */
export function parseLogEvent(text: string): NixLogEvent {
  const raw: NixLogEvent = { action: 'raw', text: plain(text) };
  if (!text.startsWith('@nix ')) return raw;
  const parsed = line.safeParse(parseJson(quoteIds(text.slice('@nix '.length))));
  if (!parsed.success) return raw;
  const event = parsed.data;
  switch (event.action) {
    case 'start':
      return {
        action: 'start',
        id: event.id,
        parent: event.parent === undefined || event.parent === '0' ? undefined : event.parent,
        activity: event.type,
        level: event.level,
        text: plain(event.text),
        fields: event.fields,
      };
    case 'stop':
      return event;
    case 'result':
      return { action: 'result', id: event.id, result: event.type, fields: event.fields };
    default:
      return { action: 'msg', level: event.level, text: plain(event.raw_msg ?? event.msg) };
  }
}

/**
 * Makes strings of ids before JSON.parse rounds them. Inside a string value the same letters stand with escaped quotes,
 * which this does not match.
 */
function quoteIds(json: string): string {
  return json.replace(/(?<=[{,])("(?:id|parent)":)\s*(\d+)/g, '$1"$2"');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function plain(text: string): string {
  return stripVTControlCharacters(text).trimEnd();
}
