/**
 * How often a property is tried that runs a command each time: `few` times, `soak` times where `bin/test --soak` asks for it.
 * A failure is made smaller for as long as the limit allows, and what was found by then is told: without it, each step being a
 * command, it may go on for hours.
 */
export function propertyRuns(
  few: number,
  soak = few,
): { readonly numRuns: number; readonly interruptAfterTimeLimit: number } {
  const full = process.env['CUTOVER_SOAK'] !== undefined;
  return { numRuns: full ? soak : few, interruptAfterTimeLimit: full ? 300_000 : 20_000 };
}
