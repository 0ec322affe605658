type Given<T> = { [Key in keyof T]: Exclude<T[Key], undefined> };

/** `properties` without those that are `undefined`: spread over defaults, what was not given leaves them as they are. */
export function given<T extends object>(properties: T): Partial<Given<T>>;
export function given(properties: object): object {
  return Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== undefined));
}
