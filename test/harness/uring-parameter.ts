/**
 * The host's switches for FUSE over io_uring, which hold for all mounts made while they are as they are.
 *
 * Guarantees: what a switch was before is put back, also when the body fails. Whoever needs a switch in one position, and
 * not only whatever it is in, has it for himself: others who do wait, in other processes as well.
 */
import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { eventually } from './commands.js';
import { libc } from './libc.js';
import { type CleanUpRegistry, type FixtureOptions, MountFixture } from './mount-fixture.js';

/** Y: the kernel offers FUSE over io_uring. */
const parameter = '/sys/module/fuse/parameters/enable_uring';
/** 0: everybody may use io_uring; 2: nobody. */
const prohibition = '/proc/sys/kernel/io_uring_disabled';

const flock = libc.func('int flock(int, int)');
/** LOCK_EX | LOCK_NB of flock(2). */
const TRY_EXCLUSIVELY = 6;

/** Whether this kernel has the switch, and we may turn it. */
export function hasUringParameter(): boolean {
  return existsSync(parameter) && process.getuid?.() === 0;
}

async function withContents<T>(file: string, contents: string, body: () => Promise<T>): Promise<T> {
  const before = readFileSync(file, 'latin1');
  writeFileSync(file, contents);
  try {
    return await body();
  } finally {
    writeFileSync(file, before);
  }
}

/** Runs `body` with the switch on or off, as a whole run of tests does. */
export function withUring<T>(isOn: boolean, body: () => Promise<T>): Promise<T> {
  return withContents(parameter, isOn ? 'Y' : 'N', body);
}

/** The same for a body that depends on it, which should be short. */
export function withOwnUring<T>(isOn: boolean, body: () => Promise<T>): Promise<T> {
  return alone(() => withUring(isOn, body));
}

/** Runs `body`, which should be short, while the kernel offers FUSE over io_uring and lets nobody set up an io_uring. */
export function withForbiddenIoUring<T>(body: () => Promise<T>): Promise<T> {
  return alone(() => withUring(true, () => withContents(prohibition, '2', body)));
}

/** The lock lies on the switch itself, so that no file has to be made for it. */
async function alone<T>(body: () => Promise<T>): Promise<T> {
  const fd = openSync(parameter, 'r');
  try {
    await eventually(() => flock(fd, TRY_EXCLUSIVELY) === 0, { within: 60_000, what: 'the switch for ourselves' });
    return await body();
  } finally {
    closeSync(fd);
  }
}

/** Mounts over io_uring, and fails where that can't be. */
export function mountOverUring(context: CleanUpRegistry, fixture: FixtureOptions = {}): Promise<MountFixture> {
  const options = [...(fixture.options ?? []), 'transport=uring'];
  return withOwnUring(true, () => MountFixture.mount(context, { ...fixture, options }));
}
