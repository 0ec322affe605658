/** `@cutover/cutover-scripts/tailnet`: a host in a tailnet, its key, and the control server. */
export { joinTailnet, type JoinOptions } from './tailnet/join.ts';
export { type LookOptions, type NodeState, type TailnetNode, tailnetNode } from './tailnet/node-state.ts';
export { type Probe, probeAuthKey, type ProbeOptions } from './tailnet/probe.ts';
export type { ControlApi, ControlledNode, KeyFacts, KeyStanding, MintedKey } from './tailnet/control-api.ts';
export { controlApi, type ControlApiOptions } from './tailnet/open-control-api.ts';
export { carryingUnits } from './old-rig/carrying-units.ts';
