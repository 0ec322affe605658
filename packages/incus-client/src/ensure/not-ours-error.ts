import { IncusError } from '../errors.ts';

/** Something of that name exists and does not bear our label, so it was left as it is. */
export class NotOursError extends IncusError {
  override readonly name = 'NotOursError';
  declare readonly code: 'NOT_OURS';
  readonly resource: string;
  readonly label: Readonly<Record<string, string>>;

  constructor(resource: string, label: Readonly<Record<string, string>>) {
    const wanted = Object.entries(label)
      .map(([key, value]) => `${key}=${value}`)
      .join(', ');
    super(
      'NOT_OURS',
      `${resource} exists and is not ours (it lacks ${wanted}); choose another name or label it`,
    );
    this.resource = resource;
    this.label = label;
  }
}
