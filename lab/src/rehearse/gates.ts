import type { EngineEvent } from '@cutover/runbook';
import type { ScriptedOperator } from '../operator/operator.ts';
import { type RunnerFiles, runCutover } from './runner.ts';

export interface GateAnswers extends RunnerFiles {
  /** The operator, once the new host can be reached. */
  readonly operator: () => Promise<ScriptedOperator>;
  /** The name of the rig in `loops.yaml`. */
  readonly rig: string;
  /** Whom the agent is logged in for. */
  readonly rigUser: string;
  /** With a real agent: logs it in, and waits until its API got a line. */
  readonly real?:
    | { readonly logIn: () => Promise<void>; readonly heard: (line: string) => Promise<void> }
    | undefined;
  /** What is done at the forge by hand, by the step whose gate asks for it; given what the gate says. */
  readonly atForge?: Readonly<Record<string, (text: string) => Promise<void>>> | undefined;
  /** What the operator looks at before approving the cutover. */
  readonly beforeApproval: () => Promise<void>;
  readonly signal: AbortSignal;
}

/** The scripted operator at work: each gate is answered by doing the human's step on the host. */
export interface GateAnswerer {
  event(event: EngineEvent): void;
  /** Rejects with what the operator could not do. */
  settled(): Promise<void>;
}

export function answerGates(options: GateAnswers): GateAnswerer {
  const { config, state, signal } = options;
  const under: Promise<void>[] = [];
  let connected = (): void => {};
  const whenConnected = new Promise<void>((resolve) => {
    connected = resolve;
  });

  async function approve(gate: string): Promise<void> {
    const argv = ['approve', gate, '--by', 'the scripted operator'];
    const { exitCode, stderr } = await runCutover({ config, state, argv, signal, onEvent: () => {} });
    if (exitCode !== 0) throw new Error(`cutover approve ended with ${exitCode}: ${stderr}`);
  }

  const answers: Record<string, (text: string) => Promise<void>> = {
    'release-ownership': async () => {
      await options.beforeApproval();
      await approve('release-ownership');
    },
    'delete-old-workspace': () => approve('delete-old-workspace'),
    'log-agent-in':
      options.real?.logIn ?? (async () => (await options.operator()).logAgentIn({ user: options.rigUser })),
    'connect-operator': async () => {
      const attach = `loops attach orchestrator --config /etc/loops/${options.rig}.yaml`;
      await (
        await options.operator()
      ).visitSession({
        attach: ['runuser', '-l', options.rigUser, '-c', `'${attach}'`],
        line: 'hello from the operator',
        heard: options.real?.heard,
        until: whenConnected,
      });
    },
  };

  return {
    event(event) {
      if (event.type === 'verified' && event.step === 'connect-operator') connected();
      // However the run ends, the operator lets go of the session.
      if (event.type === 'run.ended') connected();
      if (event.type !== 'gate.open' && event.type !== 'gate.waiting') return;
      const { step, text } = event;
      const answer = answers[step] ?? options.atForge?.[step];
      if (answer !== undefined) under.push(answer(text));
    },
    async settled() {
      connected();
      await Promise.all(under);
    },
  };
}
