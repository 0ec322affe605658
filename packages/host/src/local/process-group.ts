const running = new Set<number>();

/** Signals a whole process group; one that is gone is no error. */
export function killGroup(leader: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-leader, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/** Ends the group should this process exit before the function that is returned is called. */
export function trackGroup(leader: number): () => void {
  if (running.size === 0) process.on('exit', endAll);
  running.add(leader);
  return () => {
    running.delete(leader);
    if (running.size === 0) process.off('exit', endAll);
  };
}

function endAll(): void {
  for (const leader of running) killGroup(leader, 'SIGTERM');
}
