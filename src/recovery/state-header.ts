/**
 * The first words of a server's state, as others than the server read them: the supervisor and `logagg-fs restart`, and a server
 * before it has mapped the state.
 *
 * Guarantees: the first eight words keep their places in every version.
 */

/** `logg`, as a little-endian word. */
export const STATE_MAGIC = 0x67676f6c;

/** To be raised with every change of any section of the state, or of what is in it. */
export const LAYOUT_VERSION = 3;

/** Words of the header. The supervisor knows the first eight by their place. */
export const HeaderWord = {
  magic: 0,
  layout: 1,
  /** Process id of the server that serves, or served last; 0 before the first. */
  server: 2,
  /** Number of the FUSE connection: the minor device number of the mount. */
  connection: 3,
  transport: 4,
  /** Changes at least every third of `hang=` seconds while the server lives. */
  beat: 5,
  /** How many servers served before this one. */
  restarts: 6,
  mountId: 7,
  minor: 8,
  features: 9,
  /** Three numbers of the version that serves. */
  version: 10,
  /** Requests that the kernel delivered again. */
  resent: 13,
  /** Where every server maps the state. */
  address: 14,
} as const;

export const Transport = { device: 1, uring: 2 } as const;

/** Bytes that {@link readHeader} needs. */
export const HEADER_LENGTH = 64;

export interface StateHeader {
  /** Process id of the server that serves, or served last. */
  readonly server: number;
  readonly restarts: number;
  /** Version of the server, such as `1.2.3`. */
  readonly version: string;
  /** Whether a server of this version can go on with the state. */
  readonly canResume: boolean;
  /** Whether requests come over io_uring. */
  readonly isUring: boolean;
}

export function readHeader(bytes: Buffer): StateHeader {
  const word = (index: number): number => bytes.readUInt32LE(4 * index);
  const isReadable = word(HeaderWord.magic) === STATE_MAGIC && word(HeaderWord.layout) === LAYOUT_VERSION;
  return {
    server: word(HeaderWord.server),
    restarts: word(HeaderWord.restarts),
    version: [0, 1, 2].map((part) => word(HeaderWord.version + part)).join('.'),
    canResume: isReadable && word(HeaderWord.server) !== 0,
    isUring: word(HeaderWord.transport) === Transport.uring,
  };
}
