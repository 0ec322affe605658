import type { CallOptions } from './call-options.ts';
import type { Query } from './path.ts';
import type { Filter } from './filter.ts';

/** How a collection is listed. */
export interface ListOptions extends CallOptions {
  /** Only what matches; see {@link filter}. */
  readonly filter?: Filter | undefined;
  /** Of every project that the caller may see, rather than of the scope's own. */
  readonly allProjects?: boolean | undefined;
}

/** `recursion` 0 lists URLs, 1 whole resources, 2 (instances) with all that hangs on them. */
export function listQuery(recursion: 0 | 1 | 2, { filter, allProjects }: ListOptions): Query {
  return {
    recursion,
    ...(filter !== undefined && { filter: filter.text }),
    // The daemon refuses a project beside all-projects.
    ...(allProjects === true && { 'all-projects': true, project: undefined }),
  };
}
