import type { ControlApi } from './control-api.ts';
import { headscaleApi } from './headscale-api.ts';
import { vendorApi } from './vendor-api.ts';

/** Which control server to ask, and the token that lets one ask it. */
export interface ControlApiOptions {
  readonly type: 'headscale' | 'tailscale';
  /** The server's address; the vendor's is `https://api.tailscale.com`. */
  readonly url: string;
  readonly token: string;
  /** PEM of the authority of its certificate, where this machine does not trust that already. */
  readonly authority?: string | undefined;
  /** The vendor's name of the tailnet; `-` is that of the token. */
  readonly tailnet: string;
}

/** The API of either kind of control server. */
export function controlApi({ type, url, token, authority, tailnet }: ControlApiOptions): ControlApi {
  const access = {
    base: new URL(type === 'headscale' ? '/api/v1/' : '/api/v2/', url).href,
    token,
    authority,
  };
  return type === 'headscale' ? headscaleApi(access) : vendorApi(access, tailnet);
}
