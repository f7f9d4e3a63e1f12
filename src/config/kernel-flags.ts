/**
 * Mount options that the kernel enforces by itself, and those that mount(8) derives from `user` and its relatives.
 *
 * Guarantees: the order of the options decides, as in mount(8): `user,exec` allows execution, `exec,user` does not.
 * Does not mount anything.
 */

import type { KernelFlags } from './mount-options.js';

/** Flags of a mount with the option `defaults`. */
export const defaultKernelFlags: KernelFlags = {
  readOnly: false,
  noSuid: false,
  noDev: false,
  noExec: false,
  noAtime: false,
  noDirAtime: false,
  synchronous: false,
  dirSync: false,
};

/** mount(8): `user` and `users` imply all three, `owner` and `group` leave execution alone. */
const userMount = { noSuid: true, noDev: true, noExec: true };
const ownerMount = { noSuid: true, noDev: true };

const effects: Readonly<Record<string, Partial<KernelFlags>>> = {
  ro: { readOnly: true },
  rw: { readOnly: false },
  nosuid: { noSuid: true },
  suid: { noSuid: false },
  nodev: { noDev: true },
  dev: { noDev: false },
  noexec: { noExec: true },
  exec: { noExec: false },
  noatime: { noAtime: true },
  atime: { noAtime: false },
  nodiratime: { noDirAtime: true },
  diratime: { noDirAtime: false },
  sync: { synchronous: true },
  async: { synchronous: false },
  dirsync: { dirSync: true },
  user: userMount,
  users: userMount,
  owner: ownerMount,
  group: ownerMount,
};

/** Names that {@link applyKernelFlag} knows. */
export const kernelFlagNames: readonly string[] = Object.keys(effects);

/** The flags after one more option without a value, or undefined when it is none of these options. */
export function applyKernelFlag(flags: KernelFlags, name: string): KernelFlags | undefined {
  const effect = Object.hasOwn(effects, name) ? effects[name] : undefined;
  return effect === undefined ? undefined : { ...flags, ...effect };
}

/** The options that lead from {@link defaultKernelFlags} to these flags. */
export function formatKernelFlags(flags: KernelFlags): string[] {
  const names: Record<keyof KernelFlags, string> = {
    readOnly: 'ro',
    noSuid: 'nosuid',
    noDev: 'nodev',
    noExec: 'noexec',
    noAtime: 'noatime',
    noDirAtime: 'nodiratime',
    synchronous: 'sync',
    dirSync: 'dirsync',
  };
  return (Object.keys(names) as (keyof KernelFlags)[]).filter((flag) => flags[flag]).map((flag) => names[flag]);
}
