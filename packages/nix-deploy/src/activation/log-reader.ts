import { type LogLine, parseLogLine } from './log-line.ts';

/**
 * Cuts the bytes of a deploy's log into lines, and knows how many bytes were of whole lines: that is where reading goes
 * on after a lost connection, so that no line is missed and none comes twice.
 */
export interface LogReader {
  /** Bytes of the whole lines read so far. */
  readonly offset: number;
  push(chunk: Uint8Array): readonly LogLine[];
  /** Forgets a half line: it will come again from `offset` on. */
  restart(): void;
}

export function createLogReader(id: string): LogReader {
  /** Of a line that has not ended: joined once, when it does, for one may be of many megabytes. */
  let pending: Uint8Array[] = [];
  let offset = 0;
  let heldEmpty = false;
  const decoder = new TextDecoder();
  return {
    get offset() {
      return offset;
    },
    restart: () => {
      pending = [];
    },
    push: (chunk) => {
      if (!chunk.includes(0x0a)) {
        pending.push(chunk);
        return [];
      }
      const bytes = Buffer.concat([...pending, chunk]);
      const lines: LogLine[] = [];
      let start = 0;
      for (let end = bytes.indexOf(0x0a); end !== -1; end = bytes.indexOf(0x0a, start)) {
        const line = parseLogLine(decoder.decode(bytes.subarray(start, end)), id);
        start = end + 1;
        // The supervisor begins its lines on a fresh one: an empty line just before them is its own.
        if (heldEmpty && line.type === 'output') lines.push({ type: 'output', text: '' });
        heldEmpty = line.type === 'output' && line.text === '';
        if (!heldEmpty) lines.push(line);
      }
      offset += start;
      pending = [bytes.subarray(start)];
      return lines;
    },
  };
}
