/** What an agent says about why it cannot go on. */
export type AgentSign =
  | { readonly kind: 'usage-limit'; readonly detail: string; readonly until: number }
  | { readonly kind: 'login-expired' | 'billing'; readonly detail: string };

/** The patterns that a config adds, as expressions. */
export interface SignPatterns {
  readonly limit: readonly RegExp[];
  readonly login: readonly RegExp[];
}

/** Compiles the patterns of a rig's config. */
export function signPatterns(config: {
  readonly limitPatterns: readonly string[];
  readonly loginPatterns: readonly string[];
}): SignPatterns {
  const compile = (patterns: readonly string[]): RegExp[] =>
    patterns.map((pattern) => new RegExp(pattern, 'i'));
  return { limit: compile(config.limitPatterns), login: compile(config.loginPatterns) };
}
