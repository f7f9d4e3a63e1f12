/**
 * Facility and severity of syslog (RFC 5424, 6.2.1) by the names that syslog.conf(5) gives them.
 *
 * Guarantees: each priority from 0 to 191 has a pair of names, and gives itself back. Pure.
 */

const facilities = [
  ...['kern', 'user', 'mail', 'daemon', 'auth', 'syslog', 'lpr', 'news'],
  ...['uucp', 'cron', 'authpriv', 'ftp', 'ntp', 'audit', 'alert', 'clock'],
  ...['local0', 'local1', 'local2', 'local3', 'local4', 'local5', 'local6', 'local7'],
];

const severities = ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug'];

const defaultFacility = facilities.indexOf('user');
const defaultSeverity = severities.indexOf('notice');

/** @returns undefined for what is no priority */
export function namesOf(priority: number): { facility: string; severity: string } | undefined {
  const facility = facilities[Math.floor(priority / severities.length)];
  const severity = severities[priority % severities.length];
  return facility === undefined || severity === undefined ? undefined : { facility, severity };
}

/** @param facility - a name; user for anything else. @param severity - a name; notice for anything else */
export function priority(facility: unknown, severity: unknown): number {
  return (
    indexOr(facilities, facility, defaultFacility) * severities.length + indexOr(severities, severity, defaultSeverity)
  );
}

function indexOr(names: readonly string[], name: unknown, otherwise: number): number {
  if (typeof name !== 'string') return otherwise;
  const index = names.indexOf(name);
  return index === -1 ? otherwise : index;
}
