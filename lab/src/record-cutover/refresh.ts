/** The page shows lines of a command that the recording has not. */
export class ScreenChangedError extends Error {
  override readonly name = 'ScreenChangedError';
}

/** Stands for lines that a page leaves out. */
const isLeftOut = (line: string): boolean => line.trim() === '…';

/**
 * A screen as the page has it, with each of its lines as it was recorded now. A line `…` of the page stands for any lines; lines
 * are the same when they differ in numbers, hashes and times only. An empty screen of the page is filled with all that was recorded.
 *
 * @throws {ScreenChangedError} the page shows what the recording has not.
 */
export function refresh(name: string, shown: string, recorded: string): string {
  if (shown.trim() === '') return recorded;
  const lines = recorded.split('\n');
  const shapes = lines.map(shapeOf);
  const leftOut = shown.split('\n').filter(isLeftOut);
  const groups = groupsOf(shown.split('\n'));
  const written: string[] = [];
  let next = 0;
  for (const [at, group] of groups.entries()) {
    const last = at === groups.length - 1;
    const wanted = group.map(shapeOf);
    const place = placeOf(wanted, shapes, { from: next, atStart: at === 0, atEnd: last });
    if (place === undefined)
      throw new ScreenChangedError(
        `the screen ${name} of the page shows what was not recorded there:\n${group.join('\n')}\nrecorded was:\n${recorded}`,
      );
    written.push(...lines.slice(place, place + group.length), ...leftOut.slice(at, at + 1));
    next = place + group.length;
  }
  return written.join('\n');
}

/** What of a line stays the same from one recording to the next. */
export function shapeOf(line: string): string {
  return line
    .replace(/\s+\([\d.hms]+ (?:rehearsed|last time)\)/, '')
    .trimEnd()
    .replace(/\s+(?:\d+h)?(?:\d+m)?(?:[\d.]+s)?$/, '')
    .replaceAll(/\bSHA256:\S+|\bage1[0-9a-z]+|\b(?=[a-f]*\d)[0-9a-f]{8,}\b/g, '#')
    .replaceAll(/\d+/g, '0')
    .replaceAll(/(\s|─)+/g, '$1');
}

/** The lines between those that stand for what is left out. */
function groupsOf(lines: readonly string[]): string[][] {
  const groups: string[][] = [[]];
  for (const line of lines)
    if (isLeftOut(line)) groups.push([]);
    else groups.at(-1)?.push(line);
  return groups;
}

interface Bounds {
  readonly from: number;
  readonly atStart: boolean;
  readonly atEnd: boolean;
}

/** Where lines of these shapes are, one after the other. */
function placeOf(
  wanted: readonly string[],
  shapes: readonly string[],
  { from, atStart, atEnd }: Bounds,
): number | undefined {
  const end = shapes.length - wanted.length;
  const [first, last] = [atEnd ? Math.max(from, end) : from, atStart ? 0 : end];
  for (let place = first; place <= last; place++)
    if (wanted.every((shape, at) => shape === shapes[place + at])) return place;
  return undefined;
}
