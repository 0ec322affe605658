export { provisionSteps } from './phases/a-provision.ts';
export { configureSteps } from './phases/b-configure.ts';
export { stageSteps } from './phases/c-stage.ts';
export { cutOverSteps } from './phases/d-cut-over.ts';
export { handOverSteps } from './phases/e-hand-over.ts';
export { rebootProofSteps } from './phases/reboot-proof.ts';
export { retireOldSteps } from './phases/retire-old.ts';
export { rollbackSteps } from './phases/rollback.ts';
export type { World } from './world/world.ts';
