/** What a build defines for `src/command-version.ts`: the commit that it is made from, or none outside of a clone. */
export declare const buildCommit: { readonly BUILD_COMMIT: string };
