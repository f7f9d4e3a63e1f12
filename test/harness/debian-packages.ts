/**
 * The Debian packages that the integration tests and the benchmark need.
 *
 * Guarantees: installs only what is missing, without recommended packages, and starts no service. Needs root.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';

/**
 * What the tests call: rsyslogd, logrotate, mount.fuse3, libfuse 2, strace; in integration/heavy/ the stressors, the
 * programs that copy trees with everything that an entry carries, and the daemons; for the collector protoc and its imports,
 * and Python for the old one; a browser for the dashboard; for the packages what checks manuals, completions, Debian
 * packages and units.
 */
const testPackages = [
  ...['rsyslog', 'rsyslog-gnutls', 'openssl', 'logrotate', 'fuse3', 'libfuse2', 'strace'],
  ...['stress-ng', 'fio', 'bonnie++', 'dbench'],
  ...['acl', 'attr', 'e2fsprogs', 'libcap2-bin', 'rsync'],
  ...['nginx-light', 'wrk', 'postgresql'],
  ...['protobuf-compiler', 'libprotobuf-dev', 'python3'],
  'chromium-headless-shell',
  ...['mandoc', 'man-db', 'bash-completion', 'lintian', 'systemd'],
];

const policyFile = '/usr/sbin/policy-rc.d';

function missing(packages: readonly string[]): string[] {
  return packages.filter((name) => {
    const { stdout } = spawnSync('dpkg', ['--status', name], { encoding: 'utf8' });
    return !/^Status: .* installed$/m.test(stdout);
  });
}

function apt(...args: string[]): boolean {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  return spawnSync('apt-get', ['-q', '-y', ...args], { env, stdio: ['ignore', 'inherit', 'inherit'] }).status === 0;
}

/** Runs a function while the package system may not start services. */
function withoutServices<T>(install: () => T): T {
  if (existsSync(policyFile)) return install();
  writeFileSync(policyFile, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    return install();
  } finally {
    rmSync(policyFile, { force: true });
  }
}

/**
 * Installs what is missing; returns the packages that still are. Does nothing on another distribution.
 *
 * @param packages - what is needed; unless told, what the tests need
 */
export function installPackages(packages: readonly string[] = testPackages): string[] {
  if (!existsSync('/etc/debian_version')) return [];
  const wanted = missing(packages);
  if (wanted.length === 0) return [];
  console.log(`installing Debian packages: ${wanted.join(' ')}`);
  const install = (): boolean => apt('install', '--no-install-recommends', ...wanted);
  // The package lists of a fresh machine are empty or old: only a failure shows that they must be read.
  withoutServices(() => install() || (apt('update') && install()));
  return missing(packages);
}
