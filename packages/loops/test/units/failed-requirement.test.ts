import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { statusText } from '../../src/commands/view.ts';
import { failedRequirement, noStart } from '../../src/units/failed-requirement.ts';

const path = process.env['PATH'];
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'systemctl-'));
});
afterEach(async () => {
  process.env['PATH'] = path;
  await rm(folder, { recursive: true });
});

/** A systemctl that answers as the real one does where the secrets have failed at boot, or in another way. */
async function systemctl(script: string): Promise<void> {
  const file = join(folder, 'systemctl');
  await writeFile(file, `#!/bin/sh\n${script}\n`);
  await chmod(file, 0o755);
  process.env['PATH'] = `${folder}:${path ?? ''}`;
}

it('says that there are no secrets, where their unit keeps the rig from starting', async () => {
  await systemctl(`case "$*" in
    "show --property=Requires --property=Requisite --value loops-cc-ci.service") echo 'system.slice cutover-secrets.service' ;;
    list-units*cutover-secrets.service*) echo 'cutover-secrets.service loaded failed failed Secrets from sops files' ;;
  esac`);
  const failed = await failedRequirement('cc-ci');
  expect(failed).toEqual({ unit: 'cutover-secrets.service', requiredBy: 'loops-cc-ci.service' });
  const reason = failed && noStart(failed);
  expect(reason).toMatch(/^no secrets: cutover-secrets\.service has failed, .*journalctl -u cutover-secrets/);
  const status = { rig: 'cc-ci', supervisor: { state: 'down', reason }, server: 'down', loops: [] } as const;
  expect(statusText(status)).toMatch(/^not started: no secrets: /m);
});

it('says nothing where nothing failed, and where there is no systemd to ask', async () => {
  await systemctl('case $1 in show) echo system.slice ;; esac');
  expect(await failedRequirement('cc-ci')).toBeUndefined();
  await systemctl("echo 'System has not been booted with systemd as init system' >&2; exit 1");
  expect(await failedRequirement('cc-ci')).toBeUndefined();
  process.env['PATH'] = folder;
  await rm(join(folder, 'systemctl'));
  expect(await failedRequirement('cc-ci')).toBeUndefined();
});
