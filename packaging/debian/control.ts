/**
 * The control file of the Debian package.
 *
 * Guarantees: one place for its relations to other packages. Fields: Debian Policy, chapter 5.
 */

/** What differs from one build to the next. */
export interface ControlValues {
  readonly version: string;
  /** Debian's name, for instance `amd64`. */
  readonly architecture: string;
  /** `Name <address>`. */
  readonly maintainer: string;
  /** KiB, rounded up. */
  readonly installedSize: number;
  /** One line. */
  readonly synopsis: string;
}

/** Debian's names of the machines that koffi has a binary for. */
const architectures: Readonly<Record<string, string>> = {
  x64: 'amd64',
  arm64: 'arm64',
  arm: 'armhf',
  ia32: 'i386',
  riscv64: 'riscv64',
  loong64: 'loong64',
  ppc64: 'ppc64el',
};

/**
 * What must be there. Node.js: Debian 12's own, or NodeSource's, which is the same package name. glibc and the C++ library:
 * what koffi's binary is linked with (`objdump -p`, `objdump -T`).
 */
const depends = ['nodejs (>= 18.20)', 'libc6 (>= 2.31)', 'libgcc-s1', 'libstdc++6', 'mount'];

/** The fstab type `fuse` needs fuse3, engine=fuse-native needs libfuse2. */
const suggests = ['fuse3', 'libfuse2', 'logrotate'];

const description = [
  'logagg-fs is mounted over a log directory, usually /var/log. It keeps the',
  'files as they are, and appends every write to the files that you name to',
  'chunk files beside them, byte for byte and in order. A collector reads',
  'chunks, delivers them and removes them, so that rotation, truncation,',
  'renaming or removal of a log costs it no line.',
];

/** @returns undefined for a machine that Debian does not know */
export function debianArchitecture(nodeArchitecture: string): string | undefined {
  return architectures[nodeArchitecture];
}

/** The text of `DEBIAN/control`. */
export function controlFile(values: ControlValues): string {
  const fields = {
    Package: 'logagg-fs',
    Version: values.version,
    Architecture: values.architecture,
    Maintainer: values.maintainer,
    'Installed-Size': String(values.installedSize),
    Depends: depends.join(', '),
    Suggests: suggests.join(', '),
    Section: 'admin',
    Priority: 'optional',
    Description: [values.synopsis, ...description].join('\n '),
  };
  return Object.entries(fields)
    .map(([name, value]) => `${name}: ${value}\n`)
    .join('');
}
