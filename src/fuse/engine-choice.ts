/**
 * Which engine serves a mount.
 *
 * Guarantees: `engine=auto` takes the kernel engine wherever it can mount, and says why where it can't. What was asked for
 * by name is never replaced by the other.
 */
import { LogaggError } from '../config/errors.js';
import type { MountOptions } from '../config/mount-options.js';
import { Capability, hasCapability } from './fuse-native/mounter.js';
import { openDevice } from './mounting.js';

/** An engine, ready to be started. */
export type EngineChoice =
  /** `deviceFd`: `/dev/fuse`, not mounted yet. */
  | { readonly engine: 'kernel'; readonly reason: string; readonly deviceFd: number }
  | { readonly engine: 'fuse-native'; readonly reason: string };

/** What the choice depends on. */
export interface EngineHost {
  /** Whether mount(2) is permitted. */
  readonly mayMount: () => boolean;
  /** @throws LogaggError when the device can't be opened */
  readonly openDevice: () => number;
}

const thisHost: EngineHost = { mayMount: () => hasCapability(Capability.sysAdmin), openDevice };

/** The reason of a choice that was the user's. */
export const ASKED_FOR = 'as asked for';

/**
 * Chooses, and opens what the engine needs.
 * @throws LogaggError LOGAGG_UNSUPPORTED when engine=kernel can't open its device
 */
export function chooseEngine(wanted: MountOptions['engine'], host: EngineHost = thisHost): EngineChoice {
  if (wanted === 'fuse-native') return { engine: 'fuse-native', reason: ASKED_FOR };
  if (wanted === 'kernel') return { engine: 'kernel', reason: ASKED_FOR, deviceFd: host.openDevice() };
  if (!host.mayMount()) {
    return {
      engine: 'fuse-native',
      reason: 'engine=kernel needs CAP_SYS_ADMIN (root) to mount',
    };
  }
  try {
    return { engine: 'kernel', reason: 'this process may mount', deviceFd: host.openDevice() };
  } catch (error) {
    if (!(error instanceof LogaggError)) throw error;
    return { engine: 'fuse-native', reason: error.message };
  }
}
