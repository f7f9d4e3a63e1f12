/**
 * A status as a person reads it: a few lines about server, capture and collector, then destinations and streams as tables.
 *
 * Guarantees: fits the width; with a height also that, by leaving out streams, and then says how many. The streams come first that lose
 * something, then the busiest, then those that wait most. A pure function.
 */
import { bytesText, countText, durationText, latencyText } from './quantities.js';
import type { Rates, StreamRate } from './rates.js';
import type { BacklogStatus, DestinationStatus, FullStatus, StreamStatus } from './status-document.js';
import { type Cell, type Column, formatTable, paint, printable, shorten, type Tone } from './text-table.js';

export interface ViewOptions {
  /** Columns of the terminal. */
  readonly width: number;
  /** Most lines; undefined for no limit but {@link MAX_STREAMS}. */
  readonly height: number | undefined;
  readonly colours: boolean;
}

/** Shown without a limit of the height; `--json` has all. */
const MAX_STREAMS = 40;
const LABEL_WIDTH = 11;

const plain = (text: string): Cell => ({ text, tone: 'plain' });
const toned = (text: string, tone: Tone): Cell => ({ text, tone });
const right = (title: string): Column => ({ title, align: 'right' });
const left = (title: string): Column => ({ title, align: 'left' });

/** @returns lines without line ends */
export function viewStatus(status: FullStatus, rates: Rates, options: ViewOptions): string[] {
  const { width, colours } = options;
  const facts = [...serverFacts(status), ...captureFacts(status, rates), ...collectorFacts(status)];
  const lines = [
    heading(status, options),
    '',
    ...facts.map(([label, text, tone]) => {
      const room = Math.max(20, width - LABEL_WIDTH - 1);
      return `${paint(label.padEnd(LABEL_WIDTH), 'dim', colours)} ${paint(shortenEnd(printable(text), room), tone, colours)}`;
    }),
    ...destinationTable(status, rates, options),
  ];
  return [...lines, ...streamTable(status, rates, options, lines.length)];
}

function heading({ root, mountpoint, time }: FullStatus, { width, colours }: ViewOptions): string {
  const clock = time.replace('T', ' ').replace(/\.\d+Z$/, ' UTC');
  const title = shorten(`logagg-fs  ${printable(mountpoint ?? root)}`, Math.max(20, width - clock.length - 2));
  const gap = ' '.repeat(Math.max(2, width - [...title].length - clock.length));
  return `${paint(title, 'bold', colours)}${gap}${paint(clock, 'dim', colours)}`;
}

type Fact = readonly [label: string, text: string, tone: Tone];

function serverFacts({ server, mountpoint, isMounted, root }: FullStatus): Fact[] {
  const { status, state, reason } = server;
  if (status === null) {
    const text = { silent: 'does not answer', absent: 'not running', unreadable: 'not to be asked', running: '' }[
      state
    ];
    const mount = mountpoint === null ? 'not known' : `${mountpoint}, ${isMounted ? 'mounted' : 'not mounted'}`;
    return [
      ['server', `${text}: ${reason ?? ''}`, state === 'absent' && !isMounted ? 'warning' : 'bad'],
      ['mount', mount, 'plain'],
      ['cache', root, 'plain'],
    ];
  }
  const { pid, release, uptimeSeconds, memoryBytes, restarts, resentRequests, how, requestLoop } = status;
  const resent = resentRequests > 0 ? `, ${countText(resentRequests)} requests sent again` : '';
  const loop: Fact[] =
    requestLoop === 'answers' ? [] : [['', 'the thread that serves requests does not answer', 'bad']];
  return [
    [
      'server',
      `running for ${durationText(uptimeSeconds)}, pid ${pid}, version ${release}, ${bytesText(memoryBytes)}, ${restarts} ${restarts === 1 ? 'restart' : 'restarts'}${resent}`,
      'plain',
    ],
    ...loop,
    ['mount', `${status.mountpoint}, ${how}`, 'plain'],
    ['cache', root, 'plain'],
  ];
}

function captureFacts({ server, backlog }: FullStatus, rates: Rates): Fact[] {
  const waiting: Fact = ['waiting', backlogText(backlog), 'plain'];
  if (server.status === null) return [waiting];
  const { bytes, lines, estimatedLines, droppedBytes, droppedLines } = server.status.captured;
  const rate = rates.captured === undefined ? '' : `   ${rateText(rates.captured)}`;
  const about = estimatedLines > 0 ? 'about ' : '';
  const write = server.status.operations.find(({ kind }) => kind === 'write');
  const times =
    write === undefined || write.meanMicroseconds === null
      ? ''
      : `, a write takes ${latencyText(write.meanMicroseconds)} (99 %: ${latencyText(write.p99Microseconds ?? 0)})`;
  const operations = rates.operations === undefined ? '' : `${countText(rates.operations)}/s${times}`;
  return [
    ['captured', `${bytesText(bytes)}, ${about}${countText(lines)} lines${rate}`, 'plain'],
    [
      'dropped',
      droppedBytes === 0 ? 'nothing' : `${bytesText(droppedBytes)}, ${countText(droppedLines)} lines`,
      droppedBytes === 0 ? 'plain' : 'bad',
    ],
    waiting,
    ...(operations === '' ? [] : ([['operations', operations, 'plain']] as Fact[])),
  ];
}

function collectorFacts({ collector }: FullStatus): Fact[] {
  const { status, state, reason } = collector;
  if (status === null) {
    const text = { silent: 'does not answer', absent: 'not running', unreadable: 'not to be asked', running: '' }[
      state
    ];
    return [['collector', `${text}: ${reason ?? ''}`, state === 'silent' ? 'bad' : 'plain']];
  }
  const { pid, uptimeSeconds, memoryBytes, removedChunks, unroutedChunks } = status;
  const unrouted: Fact[] =
    unroutedChunks === 0 ? [] : [['', `${countText(unroutedChunks)} chunks that no route takes`, 'warning']];
  return [
    [
      'collector',
      `running for ${durationText(uptimeSeconds)}, pid ${pid}, ${bytesText(memoryBytes)}, ${countText(removedChunks)} chunks done`,
      'plain',
    ],
    ...unrouted,
  ];
}

function destinationTable({ collector }: FullStatus, rates: Rates, { width, colours }: ViewOptions): string[] {
  const { status, resting } = collector;
  if (status !== null && status.destinations.length > 0) {
    const columns = [left('DESTINATION'), right('SENT'), right('ACKED'), right('/S'), right('WAITING'), right('LAG')];
    const rows = status.destinations.map((one) => destinationRow(one, rates.destinations.get(one.name)));
    const table = formatTable([...columns, right('RETRIED'), right('REFUSED')], rows, width, colours);
    return ['', ...table, ...status.destinations.flatMap((one) => failureLine(one, width, colours))];
  }
  if (resting.length === 0) return [];
  const columns = [left('DESTINATION (no collector)'), right('WAITING'), right('CHUNKS'), right('LAG')];
  const rows = resting.map(({ name, backlog }) => [
    plain(printable(name)),
    plain(bytesText(backlog.bytes)),
    plain(countText(backlog.chunks)),
    plain(ageText(backlog)),
  ]);
  return ['', ...formatTable(columns, rows, width, colours)];
}

function destinationRow(one: DestinationStatus, rate: number | undefined): Cell[] {
  const { name, sentRecords, acknowledgedRecords, retries, refusedRecords, failure, backlog } = one;
  return [
    toned(printable(name), failure === null ? 'plain' : 'bad'),
    plain(countText(sentRecords)),
    plain(countText(acknowledgedRecords)),
    plain(rate === undefined ? '' : countText(rate)),
    plain(bytesText(backlog.bytes)),
    plain(ageText(backlog)),
    plain(countText(retries)),
    toned(countText(refusedRecords), refusedRecords === 0 ? 'plain' : 'warning'),
  ];
}

function failureLine({ failure }: DestinationStatus, width: number, colours: boolean): string[] {
  return failure === null ? [] : [paint(`  ${shortenEnd(printable(failure), width - 2)}`, 'bad', colours)];
}

function streamTable(status: FullStatus, rates: Rates, options: ViewOptions, above: number): string[] {
  const { width, height, colours } = options;
  const { streams } = status;
  if (streams.length === 0) return ['', 'no streams: nothing was captured, and nothing waits'];
  // A line of space, the titles, and one that says how many are left out.
  const room = height === undefined ? MAX_STREAMS : Math.max(0, height - above - 3);
  const shown = inOrder(streams, rates).slice(0, room);
  const columns = [
    ...[left('STREAM'), right('CAPTURED'), right('LINES'), right('B/S'), right('LINES/S')],
    ...[right('WAITING'), right('CHUNKS'), right('OLDEST'), right('DROPPED')],
  ];
  const rows = shown.map((stream) => streamRow(stream, rates.streams.get(stream.path)));
  const rest = streams.length - shown.length;
  return [
    '',
    ...formatTable(columns, rows, width, colours),
    ...(rest > 0 ? [paint(`${countText(rest)} more, see --json`, 'dim', colours)] : []),
  ];
}

function streamRow(stream: StreamStatus, rate: StreamRate | undefined): Cell[] {
  const { path, capturedBytes, capturedLines, estimatedLines, backlog, droppedBytes, liveChunk } = stream;
  const about = estimatedLines > 0 ? '~' : '';
  return [
    toned(printable(path), liveChunk === null ? 'plain' : 'bold'),
    plain(bytesText(capturedBytes)),
    plain(`${about}${countText(capturedLines)}`),
    plain(rate === undefined ? '' : bytesText(rate.bytes)),
    plain(rate === undefined ? '' : countText(rate.lines)),
    plain(bytesText(backlog.bytes)),
    plain(countText(backlog.chunks)),
    plain(ageText(backlog)),
    toned(droppedBytes === 0 ? '0' : bytesText(droppedBytes), droppedBytes === 0 ? 'plain' : 'bad'),
  ];
}

/** By the order of magnitude of the rate alone, so that rows do not change places all the time. */
function inOrder(streams: readonly StreamStatus[], rates: Rates): StreamStatus[] {
  const speed = ({ path }: StreamStatus): number => Math.floor(Math.log10(1 + (rates.streams.get(path)?.bytes ?? 0)));
  return [...streams].sort(
    (a, b) =>
      Number(b.droppedBytes > 0) - Number(a.droppedBytes > 0) ||
      speed(b) - speed(a) ||
      Math.floor(Math.log2(b.backlog.bytes + 1)) - Math.floor(Math.log2(a.backlog.bytes + 1)) ||
      (a.path < b.path ? -1 : 1),
  );
}

function rateText({ bytes, lines }: StreamRate): string {
  return `${bytesText(bytes)}/s, ${countText(lines)} lines/s`;
}

function backlogText(backlog: BacklogStatus): string {
  const { chunks, bytes, oldestSeconds } = backlog;
  if (chunks === 0 || oldestSeconds === null) return 'nothing';
  const noun = chunks === 1 ? 'chunk' : 'chunks';
  return `${bytesText(bytes)} in ${countText(chunks)} ${noun}, the oldest ${durationText(oldestSeconds)} old`;
}

function ageText({ oldestSeconds }: BacklogStatus): string {
  return oldestSeconds === null ? '' : durationText(oldestSeconds);
}

function shortenEnd(text: string, width: number): string {
  const characters = [...text];
  return characters.length <= width ? text : `${characters.slice(0, Math.max(1, width - 1)).join('')}…`;
}
