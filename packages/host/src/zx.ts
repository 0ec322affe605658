export { on, type OnOptions } from './zx/on.ts';
