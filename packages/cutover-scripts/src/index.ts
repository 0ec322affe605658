export { loadRunbook } from './runbook.ts';
export { loadConfig } from './config/load.ts';
export { type CutoverSettings, cutoverSchema } from './config/schema.ts';
export { ConfigError } from './config/config-error.ts';
export { type FlakeParts, renderFlake } from './flake.ts';
export type { HostSettings } from './flake-settings.ts';
export { readFlakeTemplate } from './flake-template.ts';
