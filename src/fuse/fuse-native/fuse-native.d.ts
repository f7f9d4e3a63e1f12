/** The part of fuse-native that we use, its undocumented inside included; the package has no types of its own. */
declare module 'fuse-native' {
  namespace Fuse {
    /** Answers an operation: what it returns (0, a count of bytes) or a negated errno, then what belongs to it. */
    type Done = (result: number, ...rest: unknown[]) => void;

    /** Called with the operation's arguments and, last, a {@link Done}. */
    type Operation = (...args: unknown[]) => void;

    type OperationName =
      | 'statfs'
      | 'getattr'
      | 'flush'
      | 'fsync'
      | 'fsyncdir'
      | 'readdir'
      | 'truncate'
      | 'ftruncate'
      | 'utimens'
      | 'readlink'
      | 'chown'
      | 'chmod'
      | 'mknod'
      | 'setxattr'
      | 'getxattr'
      | 'listxattr'
      | 'removexattr'
      | 'open'
      | 'opendir'
      | 'read'
      | 'write'
      | 'release'
      | 'releasedir'
      | 'create'
      | 'unlink'
      | 'rename'
      | 'link'
      | 'symlink'
      | 'mkdir'
      | 'rmdir';

    /** What the addon calls for each request; `record` is the `fuse_thread_locals_t` of the libfuse thread that waits. */
    type NativeHandler = (record: Buffer, opcode: number, ...args: unknown[]) => void;

    /** The addon itself. */
    interface Binding {
      readonly sizeof_fuse_thread_t: number;
      fuse_native_mount(
        mountpoint: string,
        options: string,
        thread: Buffer,
        context: Fuse,
        allocate: (size: number) => Buffer,
        handlers: readonly (NativeHandler | undefined)[],
        implemented: Uint32Array,
      ): void;
      /** Unmounts nothing: lets go of the event loop. */
      fuse_native_unmount(mountpoint: string, thread: Buffer): void;
    }
  }

  class Fuse {
    constructor(
      mountpoint: string,
      operations: Partial<Record<Fuse.OperationName, Fuse.Operation>>,
      options: { readonly timeout: false },
    );
    /** `done` is called once the kernel has sent its first request, or with what went wrong. */
    mount(done: (error: Error | null) => void): void;

    _thread: Buffer | null;
    _openCallback: ((error: Error | null) => void) | null;
    readonly _malloc: (size: number) => Buffer;
    _handlers: (Fuse.NativeHandler | undefined)[];
    _open(done: (error: Error | null) => void): void;
    _getImplementedArray(): Uint32Array;
  }

  export = Fuse;
}
