import { describe, expect, it } from 'vitest';
import { judgeCall } from '../../../src/agents/claude-code/login-probe.ts';

const call = (facts: object): string => JSON.stringify({ type: 'result', ...facts });

describe('a live call', () => {
  it.each([
    ['logged-in', { is_error: false, api_error_status: null, result: 'ready' }],
    ['logged-out', { is_error: true, api_error_status: 401, result: 'OAuth token has expired' }],
    ['logged-out', { is_error: true, api_error_status: 403, result: 'OAuth token revoked' }],
    ['logged-out', { is_error: true, result: 'Not logged in · Please run /login' }],
    ['at-limit', { is_error: true, api_error_status: 429, result: "You've hit your session limit" }],
    ['unknown', { is_error: true, api_error_status: 529, result: 'Overloaded' }],
  ])('says: %s', (state, facts) => {
    expect(judgeCall(call(facts))?.state).toBe(state);
  });

  it('that printed something else says nothing', () => {
    expect(judgeCall('Error: no network')).toBeUndefined();
  });
});
