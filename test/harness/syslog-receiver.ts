/**
 * A real rsyslogd that writes what it receives on a loopback port into one file, byte for byte.
 *
 * Guarantees: its configuration, work folder and port are its own. It has no queue: it writes what it has read before it reads
 * on. Can be ended and started again on the same port.
 */

import { createSocket } from 'node:dgram';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Certificates } from './certificates.js';
import { eventually } from './commands.js';
import { DaemonProcess } from './daemon-process.js';
import { type LogPlace, plainPlace } from './log-places.js';
import type { CleanUpRegistry } from './mount-fixture.js';
import { connected, freePort } from './ports.js';

export type Transport = 'udp' | 'tcp' | 'tls';

const tlsSettings = ({ ca, cert, key }: Certificates): string => `global(
  defaultNetstreamDriver="gtls" defaultNetstreamDriverCAFile="${ca}"
  defaultNetstreamDriverCertFile="${cert}" defaultNetstreamDriverKeyFile="${key}"
)
`;

const modules: Readonly<Record<Transport, string>> = {
  udp: 'module(load="imudp")',
  tcp: 'module(load="imtcp")',
  tls: 'module(load="imtcp" streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="anon")',
};

export class SyslogReceiver {
  private daemon: DaemonProcess | undefined;
  private starts = 0;

  private constructor(
    private readonly place: LogPlace,
    private readonly transport: Transport,
    readonly port: number,
    private readonly config: string,
  ) {}

  static async start(
    context: CleanUpRegistry,
    transport: Transport,
    certificates?: Certificates,
  ): Promise<SyslogReceiver> {
    const place = plainPlace(context);
    const port = await freePort();
    const config = join(place.folder, 'rsyslog.conf');
    const receiver = new SyslogReceiver(place, transport, port, config);
    const settings = certificates === undefined ? '' : tlsSettings(certificates);
    writeFileSync(config, settings + receiver.configuration());
    await receiver.run();
    return receiver;
  }

  private configuration(): string {
    const { folder } = this.place;
    const input = this.transport === 'udp' ? 'imudp' : 'imtcp';
    // Datagrams that find no room are lost; rsyslogd as root may have more than the system's limit.
    const room = this.transport === 'udp' ? ' rcvbufSize="32m"' : '';
    return `$EscapeControlCharactersOnReceive off
$MaxMessageSize 64k
main_queue(queue.type="Direct")
global(workDirectory="${folder}" parser.escapeControlCharactersOnReceive="off")
${modules[this.transport]}
template(name="unchanged" type="string" string="%rawmsg%\\n")
ruleset(name="received" queue.type="Direct") {
  action(type="omfile" file="${this.file}" template="unchanged")
}
input(type="${input}" port="${this.port}" address="127.0.0.1" ruleset="received"${room})
`;
  }

  private get file(): string {
    return join(this.place.logs, 'received.log');
  }

  /** What has been written so far. */
  get received(): Buffer {
    return existsSync(this.file) ? readFileSync(this.file) : Buffer.alloc(0);
  }

  /** Waits until so many bytes are written, or no more come. */
  async settled(bytes: number): Promise<Buffer> {
    let [size, since] = [-1, performance.now()];
    while (this.received.length < bytes && performance.now() - since < 3000) {
      if (this.received.length !== size) [size, since] = [this.received.length, performance.now()];
      await delay(20);
    }
    return this.received;
  }

  /** Starts it (again), and waits until it listens. */
  async run(): Promise<void> {
    const pidFile = join(this.place.folder, `rsyslogd-${++this.starts}.pid`);
    this.daemon = new DaemonProcess(this.place, 'rsyslogd', ['-n', '-f', this.config, '-i', pidFile]);
    if (this.transport === 'udp') await eventually(() => isBound(this.port), { within: 10_000, what: 'rsyslogd' });
    else (await connected(this.port)).destroy();
  }

  /** Ends it: without a warning, or (SIGTERM) so that it writes what it has read. */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    this.daemon?.kill(signal);
    await this.daemon?.stop();
    this.daemon = undefined;
  }

  /** What rsyslogd says itself. */
  get output(): string {
    return this.daemon?.output ?? '';
  }
}

/** Whether somebody has the UDP port. */
function isBound(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.once('error', () => resolve(true));
    socket.bind(port, '127.0.0.1', () => socket.close(() => resolve(false)));
  });
}

/** Datagrams that found no room in the buffer of the port's socket, by Linux' own count. */
export function droppedDatagrams(port: number): number {
  const local = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const line = readFileSync('/proc/net/udp', 'latin1')
    .split('\n')
    .find((each) => each.includes(` ${local} `));
  return Number(line?.trim().split(/\s+/).at(-1) ?? Number.NaN);
}
