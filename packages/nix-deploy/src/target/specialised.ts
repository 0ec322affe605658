/** The system that is activated: a specialisation of the one that boots, or that one itself. */
export function specialised(system: string, specialisation: string | undefined): string {
  return specialisation === undefined ? system : `${system}/specialisation/${specialisation}`;
}
