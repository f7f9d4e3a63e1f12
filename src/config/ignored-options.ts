/**
 * Options that are accepted and have no effect here: what mount(8), systemd and fstab lines written for libfuse add.
 *
 * Guarantees: nothing in this table would change what a mount does or protects. Does not list options that the
 * kernel enforces (`src/config/kernel-flags.ts`).
 */

import type { OptionItem } from './option-string.js';

/** Meant for mount(8), systemd or /etc/mtab. */
const forTheMountCommand = [
  'defaults auto noauto nouser noowner nogroup nofail _netdev loud silent mand nomand iversion noiversion',
  'relatime norelatime strictatime nostrictatime lazytime nolazytime',
];

/** Always so here: any mountpoint will do, everybody sees the mount, and the kernel checks permissions. */
const alwaysOn = ['nonempty allow_other default_permissions'];

/** Options without a value that are accepted and dropped. */
export const ignoredFlagNames: readonly string[] = [...forTheMountCommand, ...alwaysOn].flatMap((line) =>
  line.split(' '),
);

const ignoredFlags = new Set(ignoredFlagNames);

/** Options that carry somebody else's value: `user=NAME` and the helpers are what mount(8) notes in /etc/mtab. */
const ignoredAssignments = new Set(['comment', 'user', 'subtype', 'helper', 'uhelper']);

/** Whether an option is accepted and dropped. */
export function isIgnored({ name, value }: OptionItem): boolean {
  if (/^[xX]-./.test(name) || name === 'comment') return true;
  return value === undefined ? ignoredFlags.has(name) : ignoredAssignments.has(name);
}
