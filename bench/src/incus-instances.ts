import type { IncusClient } from '@cutover/incus-client';

const atOnce = 4;

/**
 * A project with so many stopped instances, kept for the next run in the benchmarks' own lab. They are empty: what is
 * listed of an instance does not depend on what is in it.
 */
export async function stoppedInstances(client: IncusClient, count: number): Promise<string> {
  const project = `bench-list-${count}`;
  if (!(await client.projects.list()).some(({ name }) => name === project))
    await client.projects.create({ name: project, config: { 'features.profiles': 'false' } });
  const { instances } = client.project(project);
  const there = new Set((await instances.list()).map(({ name }) => name));
  const missing = Array.from({ length: count }, (_, index) => `bench-${index}`).filter(
    (name) => !there.has(name),
  );
  const next = missing.values();
  const makeSome = async () => {
    for (const name of next) await instances.create({ name, source: { type: 'none' } });
  };
  await Promise.all(Array.from({ length: atOnce }, makeSome));
  return project;
}
