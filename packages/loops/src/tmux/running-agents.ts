import { recallTmuxServer } from './recall-server.ts';
import { listens, runTmux } from './tmux-server.ts';

/** An agent that runs on a rig's tmux server. */
export interface RunningAgent {
  readonly pid: number;
  readonly run: string;
  readonly loop: string;
}

/**
 * The agents that run on the server at `socket`, asked without a supervisor; `undefined` when no server is there.
 *
 * @throws {LoopsError} `TMUX_LOST`: the server does not answer.
 */
export async function runningAgents(socket: string): Promise<RunningAgent[] | undefined> {
  if (!(await listens(socket)) && !(await recallTmuxServer(socket))) return undefined;
  const format = '#{pane_dead} #{pane_pid} #{@loops_run} #{@loops_loop}';
  const { lines } = await runTmux(socket, ['list-panes', '-a', '-F', format]);
  return lines.flatMap((line) => {
    const [, pid, run = '', loop = ''] = /^0 (\d+) (\S+) (\S+)$/.exec(line) ?? [];
    return pid === undefined ? [] : [{ pid: Number(pid), run, loop }];
  });
}
