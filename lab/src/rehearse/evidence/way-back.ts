import type { IncusScope } from '@cutover/incus-client';
import type { EvidenceCollector } from './collector.ts';
import { answer, demand, output, type Scene } from './evidence.ts';
import { ownerIs } from './new-rig.ts';

/** After a rollback past the commit point the old rig is as before, and nothing runs on the new host. */
export async function afterRollback(scene: Scene, evidence: EvidenceCollector, rig: string): Promise<void> {
  const { target, signal } = scene;
  await oldRigIsBack(scene, evidence);
  await evidence.look('after the rollback: nothing runs on the new host', async () => {
    const active = await answer(target, ['systemctl', 'is-active', `loops-${rig}.service`], signal);
    demand(active !== 'active', 'the boot service is not running', { active });
    const processes = await answer(
      target,
      ['pgrep', '-af', 'agent.mjs --role (builder|adversary|watchdog)|step (builder|adversary)'],
      signal,
    );
    demand(processes === '', 'no loop runs on the new host', { processes });
    return { active };
  });
}

/** After a rollback before the commit point the old rig is as before, and there is no new host. */
export async function afterUndo(scene: Scene, evidence: EvidenceCollector, scope: IncusScope): Promise<void> {
  const { settings, signal } = scene;
  await oldRigIsBack(scene, evidence);
  await evidence.look('after the rollback: the new host is gone', async () => {
    const exists = await scope.instances.exists(settings.name, { signal });
    demand(!exists, `there is no instance ${settings.name}`);
    return { instance: settings.name, exists };
  });
}

/** The old rig runs again, is the owner, and may be started at boot. */
async function oldRigIsBack(scene: Scene, evidence: EvidenceCollector): Promise<void> {
  const { old, settings, signal } = scene;
  await evidence.look('after the rollback: the old rig runs', async () => {
    for (const match of settings.old.processes) {
      const found = await answer(old, ['pgrep', '-f', match], signal);
      demand(found !== '', `a process of ${match} runs on the old host`);
    }
    for (const unit of settings.old.units) {
      const enabled = await output(old, ['systemctl', 'is-enabled', unit], signal);
      demand(enabled === 'enabled', `${unit} is enabled`, { enabled });
    }
    return { processes: settings.old.processes.length };
  });
  await evidence.look('after the rollback: the old host owns the loops', () =>
    ownerIs(scene, settings.old.name),
  );
}
