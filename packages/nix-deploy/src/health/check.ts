import { quoteForDisplay } from '@cutover/host';

/** What must hold on a target before a deploy is confirmed; tried again until it does or the time is up. */
export type HealthCheck =
  /** A command ends with exit code 0, on the target or on this machine. */
  | {
      readonly type: 'command';
      readonly argv: readonly string[];
      readonly on?: 'target' | 'here' | undefined;
      readonly timeout?: number | undefined;
    }
  /** A GET is answered with the status (default: any 2xx), asked from this machine or, by curl, from the target. */
  | {
      readonly type: 'http';
      readonly url: string;
      readonly status?: number | undefined;
      readonly contains?: string | undefined;
      readonly from?: 'target' | 'here' | undefined;
      readonly timeout?: number | undefined;
    }
  /** Each unit is active. */
  | { readonly type: 'units'; readonly units: readonly string[]; readonly timeout?: number | undefined }
  /** Something accepts TCP connections, asked from this machine. */
  | {
      readonly type: 'port';
      readonly host: string;
      readonly port: number;
      readonly timeout?: number | undefined;
    };

/** What a check looks at, in one line. */
export function describeCheck(check: HealthCheck): string {
  switch (check.type) {
    case 'command':
      return `command ${quoteForDisplay(check.argv)}${check.on === 'here' ? ' (here)' : ''}`;
    case 'http':
      return `GET ${check.url}${check.from === 'target' ? ' (from the target)' : ''}`;
    case 'units':
      return `units ${check.units.join(', ')}`;
    default:
      return `port ${check.host}:${check.port}`;
  }
}
