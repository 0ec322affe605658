/** What an agent's hooks tell, in the words of no agent in particular. */
export type AgentEvent =
  /** It is there, in this session. `cleared`: in place of the one before, which a `session-ended` has told the end of. */
  | {
      readonly type: 'session';
      readonly session: string;
      readonly transcript?: string | undefined;
      readonly cleared: boolean;
    }
  /** It took a prompt. */
  | { readonly type: 'prompted'; readonly session: string; readonly text: string }
  /** It has nothing more to do. */
  | { readonly type: 'turn-ended'; readonly session: string }
  /** A turn failed; `words` say why, as its user sees them. */
  | {
      readonly type: 'failed';
      readonly session: string;
      readonly cause: 'usage-limit' | 'login-expired' | 'billing' | 'other';
      readonly words: string;
    }
  /** It waits for an answer to a dialog. */
  | { readonly type: 'dialog'; readonly session: string; readonly words: string }
  | { readonly type: 'session-ended'; readonly session: string; readonly cleared: boolean };
