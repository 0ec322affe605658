/** A way back is not undone: the way forward is the cutover itself. */
export const wayBack = { leaves: 'the loops on the old host' };
