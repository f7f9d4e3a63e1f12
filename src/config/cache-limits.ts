/** How large the log cache may become, and what happens then: plain data. */

/** What to do with a tracked write for which there is no room. */
export type FullPolicy = 'drop-oldest' | 'drop-new' | 'fail';

/** Space of the cache's file system that capture leaves to others: a percentage of its size, or bytes. 0 for none. */
export interface FreeSpaceFloor {
  readonly amount: number;
  readonly unit: '%' | 'bytes';
}

export interface CacheLimits {
  /** Most bytes in chunks; 0 for as many as there is space. */
  readonly maxCacheBytes: number;
  readonly minFree: FreeSpaceFloor;
  readonly whenFull: FullPolicy;
}
