/**
 * A real rsyslogd that gives up root and writes what it gets from a loopback port, while logrotate rotates.
 *
 * Guarantees: its configuration, work folder and port are its own. Sends at a pace that leaves rsyslogd idle in between.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { account } from './accounts.js';
import { eventually } from './commands.js';
import { DaemonProcess } from './daemon-process.js';
import { giveToGroup, type LogPlace } from './log-places.js';
import { connected, freePort } from './ports.js';
import { logrotate, rotateWithin } from './rotation.js';

const linesPerBatch = 50;
const batchPause = 20;

/** The line of a number, as it is sent and written. */
export const syslogLine = (number: number): string => `<13>Jan  1 00:00:00 host app: line ${number}\n`;

function configuration({ folder, logs }: LogPlace, port: number, user: string, group: string): string {
  return `$PrivDropToUser ${user}
$PrivDropToGroup ${group}
$FileOwner ${user}
$FileGroup ${group}
$FileCreateMode 0640
$DirOwner ${user}
$DirGroup ${group}
$DirCreateMode 0750
$Umask 0022
$WorkDirectory ${join(folder, 'work')}
global(processInternalMessages="on")
module(load="imtcp")
template(name="unchanged" type="string" string="%rawmsg%\\n")
template(name="ofProgram" type="string" string="${logs}/%programname%/all.log")
ruleset(name="received") {
  action(type="omfile" file="${logs}/app.log" template="unchanged")
  action(type="omfile" dynaFile="ofProgram" template="unchanged")
}
input(type="imtcp" port="${port}" address="127.0.0.1" ruleset="received")
action(type="omfile" file="${logs}/rsyslogd.log")
`;
}

/** Sends numbered lines for a time; returns how many. */
async function sendLines(port: number, seconds: number): Promise<number> {
  const socket = await connected(port);
  const end = performance.now() + seconds * 1000;
  let sent = 0;
  while (performance.now() < end) {
    const batch = Array.from({ length: linesPerBatch }, (_, index) => syslogLine(sent + index)).join('');
    sent += linesPerBatch;
    if (!socket.write(batch)) await new Promise((resolve) => socket.once('drain', resolve));
    await delay(batchPause);
  }
  await new Promise<void>((resolve) => socket.end(resolve));
  return sent;
}

/** Runs it for a time with three rotations, and ends it in good order; returns the number of lines sent. */
export async function runRsyslog(place: LogPlace, seconds: number): Promise<number> {
  // Debian has no user `syslog`; `adm` is the group that reads logs, also where `syslog` exists.
  const dropped = { ...(await account('syslog', 'nobody')), group: 'adm', gid: 4 };
  giveToGroup(place, dropped);
  mkdirSync(join(place.folder, 'work'));
  const [config, port] = [join(place.folder, 'rsyslog.conf'), await freePort()];
  writeFileSync(config, configuration(place, port, dropped.user, dropped.group));
  const rsyslogd = new DaemonProcess(place, 'rsyslogd', ['-n', '-f', config, '-i', join(place.folder, 'rsyslogd.pid')]);
  const rotate = logrotate(
    place,
    ['app.log'],
    `  su root ${dropped.group}\n  create 0640 ${dropped.user} ${dropped.group}\n  compress\n  delaycompress\n` +
      `  postrotate\n    kill -HUP ${rsyslogd.pid}\n  endscript\n`,
  );
  const [sent] = await Promise.all([sendLines(port, seconds), rotateWithin(seconds, 3, rotate)]);
  const last = syslogLine(sent - 1);
  const isWritten = (): boolean => readFileSync(join(place.logs, 'app', 'all.log'), 'utf8').endsWith(last);
  await eventually(isWritten, { within: 30_000, what: 'the last line written' });
  rsyslogd.assertRunning();
  await rsyslogd.stop();
  return sent;
}
