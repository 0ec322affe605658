/** What a runbook calls the two things that it may record and that people ask for first. */
export interface Words {
  /** Who may run the thing that moves, e.g. `owner of the loops`: `owner of the loops: pi (epoch 41)`. */
  readonly owner: string;
  /** The time in which nothing serves, e.g. `downtime of the shop`: `downtime of the shop begins`. */
  readonly downtime: string;
}

export const defaultWords: Words = { owner: 'owner', downtime: 'downtime' };
