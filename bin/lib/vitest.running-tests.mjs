import { spawnSync } from 'node:child_process';

/**
 * A reporter for vitest that keeps a run from going on for ever: each test that fails is said at once, and at the deadline
 * those that still run are named and the run ends as failed.
 */
const minutes = process.env.CUTOVER_SOAK === undefined ? 25 : 24 * 60;

export default class RunningTests {
  #running = new Set();

  onInit() {
    setTimeout(() => this.#stop(), minutes * 60_000).unref();
  }

  onTestCaseReady(test) {
    this.#running.add(test);
  }

  onTestCaseResult(test) {
    this.#running.delete(test);
    const { state, errors } = test.result();
    if (state === 'failed') console.error(`✗ ${name(test)}: ${errors?.[0]?.message ?? 'no message'}`);
  }

  #stop() {
    console.error(
      `✗ the tests still ran after ${minutes} minutes and were ended; these had not come to their end:`,
    );
    for (const test of this.#running)
      console.error(`  ${name(test)}, begun ${new Date(test.diagnostic()?.startTime ?? 0).toISOString()}`);
    // A worker whose test never ends does not end with its parent.
    spawnSync('pkill', ['-KILL', '-P', String(process.pid)]);
    process.exit(1);
  }
}

function name(test) {
  return `${test.project.name}/${test.module.relativeModuleId} > ${test.fullName}`;
}
