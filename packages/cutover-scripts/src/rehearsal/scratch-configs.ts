import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadRigConfig } from '@cutover/loops';
import { parse, stringify } from 'yaml';
import * as z from 'zod';
import type { CutoverConfigs } from '../config/load-all.ts';

/** The branch of the configuration repository that a rehearsal writes to. */
export const scratchBranch = 'cutover-rehearsal';

/** The ref in which a rehearsal writes who owns its loops: no supervisor of the real rig ever reads it. */
export const scratchRef = 'refs/cutover/rehearsal/owner';

/** What a loop of a rehearsal runs in place of its agent: it is there, and touches nothing. */
const standIn = ['sleep', 'infinity'];

/** What of `loops.yaml` a rehearsal changes, and what of each loop it keeps. */
const rigSchema = z.looseObject({
  rig: z.string(),
  ownership: z.looseObject({}).optional(),
  phases: z.looseObject({}).optional(),
  loops: z.record(z.string(), z.looseObject({})),
});
const kept = ['cwd', 'clone', 'limits', 'autostart'];

/** The name of an instance, at most 63 characters. */
export function rehearsalName(name: string): string {
  return `${name.slice(0, 63 - '-rehearsal'.length)}-rehearsal`;
}

/**
 * The configs of a rehearsal: the same servers, image, forge, secrets and files, a throw-away instance, scratch refs, and
 * stand-ins for the agents.
 *
 * @param folder where its `loops.yaml` is written.
 */
export async function scratchConfigs(configs: CutoverConfigs, folder: string): Promise<CutoverConfigs> {
  const { settings } = configs;
  const name = rehearsalName(settings.name);
  const rigText = scratchRig(configs.rigText, name);
  const loops = join(folder, 'loops.yaml');
  await writeFile(loops, rigText, { mode: 0o600 });
  return {
    ...configs,
    settings: {
      ...settings,
      name,
      loops,
      ownership: { ...settings.ownership, ref: scratchRef },
    },
    rig: await loadRigConfig(loops),
    rigText,
  };
}

/** `loops.yaml` of a rehearsal. */
export function scratchRig(text: string, owner: string): string {
  const written = rigSchema.parse(parse(text));
  const loops = Object.entries(written.loops).map(([loop, config]): [string, object] => [
    loop,
    {
      command: standIn,
      ...Object.fromEntries(Object.entries(config).filter(([key]) => kept.includes(key))),
    },
  ]);
  const { ownership, phases } = written;
  return stringify({
    ...written,
    // The commands that are told of the real rig must not be told of this one.
    notify: undefined,
    ...(ownership === undefined ? {} : { ownership: { ...ownership, owner, ref: scratchRef } }),
    // Its plan phases stay on that host: the repository of the real ones is not written to.
    ...(phases === undefined ? {} : { phases: { ...phases, repository: undefined } }),
    loops: Object.fromEntries(loops),
  });
}
