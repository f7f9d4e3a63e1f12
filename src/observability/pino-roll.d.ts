/** The part of pino-roll that we use; the package has no types of its own. */
declare module 'pino-roll' {
  import type { EventEmitter } from 'node:events';

  namespace build {
    interface RollOptions {
      readonly file: string;
      /** With its unit: `10m`, `512b`. */
      readonly size: string;
      readonly mode: number;
      readonly sync: boolean;
      /** Bytes kept in memory while the file can't be written; what comes on top is dropped. */
      readonly maxLength: number;
    }

    /**
     * A sonic-boom stream. `ready` is emitted after each opening of a file, `error` after a write that failed, `drop`
     * for a line that found no room, `write` after one that succeeded.
     */
    interface RollingStream extends EventEmitter {
      /** The file that is written at present. */
      readonly file: string;
      write(text: string): boolean;
      end(): void;
    }
  }

  function build(options: build.RollOptions): Promise<build.RollingStream>;
  export = build;
}
