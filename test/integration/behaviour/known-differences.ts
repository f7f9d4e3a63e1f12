/**
 * The cases in which a mount can't do what a plain directory does.
 *
 * Guarantees: one entry for each, with the result that the mount must have instead: refused cleanly, never done wrongly.
 */
interface KnownDifference {
  readonly reason: string;
  /** The case's result on the mount, for the user who runs it. */
  onMount(uid: number): unknown;
}

const refused = { error: 'ENOTSUP' };

const knownDifferences = new Map<string, KnownDifference>([
  [
    'O_TMPFILE makes a file without a name',
    { reason: 'refused, upon which programs make a file with a name and remove it', onMount: () => refused },
  ],
  [
    'FIEMAP counts the extents of a file',
    { reason: 'the kernel offers it to no FUSE file system', onMount: () => refused },
  ],
  ...['COLLAPSE', 'INSERT'].map(
    (kind) =>
      [
        `fallocate with FALLOC_FL_${kind}_RANGE moves what lies behind`,
        {
          reason: 'the kernel offers it to no FUSE file system',
          onMount: (owner: number) => [
            refused,
            { mode: '100644', uid: `${owner}n`, gid: `${owner}n`, size: '16384n', nlink: '1n' },
          ],
        },
      ] as const,
  ),
]);

/** How a case differs on every mount; undefined for one that must agree. */
export function differenceOf(name: string): KnownDifference | undefined {
  return knownDifferences.get(name);
}
