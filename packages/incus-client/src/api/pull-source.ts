/** How what one server offers is fetched by another. */
export interface PullSource {
  readonly type: 'migration';
  readonly mode: 'pull';
  /** The URL of the operation on the server that offers. */
  readonly operation: string;
  /** A secret for each channel of that operation. */
  readonly secrets: Readonly<Record<string, string>>;
  /** The certificate (PEM) of the server that offers. */
  readonly certificate?: string | undefined;
}
