/** The parts of the page that show one status: badges, tiles, destinations, streams. */
import { bytesText, countText, durationText, latencyText } from '../status/quantities.js';
import type { Rates } from '../status/rates.js';
import type { DestinationStatus, FullStatus, StreamStatus } from '../status/status-document.js';
import { byId, type CellContent, make, makeBar, makeTable } from './elements.js';

/** Rows of the table of streams. */
const MAX_ROWS = 25;

/** What `/status.json` holds. */
export interface ShownStatus extends FullStatus {
  /** Streams there are; the document holds the weightiest. */
  readonly streamCount: number;
}

const presenceTexts = { running: 'running', silent: 'no answer', absent: 'not running', unreadable: 'not readable' };

export function showBadges({ server, collector, root, mountpoint }: FullStatus): void {
  const loop = server.status?.requestLoop ?? 'answers';
  const isWell = server.state === 'running' && loop === 'answers';
  setBadge(
    'server-badge',
    isWell ? 'mount: serving' : `mount: ${badgeText(server.state, loop)}`,
    isWell ? 'good' : 'bad',
  );
  const tone = collector.state === 'running' ? 'good' : collector.state === 'silent' ? 'bad' : '';
  setBadge('collector-badge', `collector: ${presenceTexts[collector.state]}`, tone);
  byId('place').textContent = mountpoint === null ? root : `${mountpoint} · cache ${root}`;
}

function badgeText(state: FullStatus['server']['state'], loop: 'answers' | 'silent'): string {
  return loop === 'silent' ? 'requests are not answered' : presenceTexts[state];
}

export function setBadge(id: string, text: string, tone: 'good' | 'bad' | ''): void {
  const badge = byId(id);
  badge.textContent = text;
  badge.className = `badge ${tone}`;
}

export function showTiles(status: FullStatus, rates: Rates): void {
  const { server, backlog, collector } = status;
  const captured = server.status?.captured;
  const write = server.status?.operations.find(({ kind }) => kind === 'write');
  const dropped = captured?.droppedBytes ?? 0;
  const destinations = collector.status?.destinations ?? [];
  const failing = destinations.filter(({ failure }) => failure !== null).length;
  const waiting = `${countText(backlog.chunks)} ${backlog.chunks === 1 ? 'chunk' : 'chunks'}`;
  byId('tiles').replaceChildren(
    tile('Captured', rates.captured === undefined ? '–' : `${bytesText(rates.captured.bytes)}/s`, [
      rates.captured === undefined ? '' : `${countText(rates.captured.lines)} lines/s`,
    ]),
    tile('Waiting', bytesText(backlog.bytes), [
      waiting,
      backlog.oldestSeconds === null ? '' : `oldest ${durationText(backlog.oldestSeconds)}`,
    ]),
    tile(
      'Dropped',
      bytesText(dropped),
      [dropped === 0 ? 'nothing lost' : `${countText(captured?.droppedLines ?? 0)} lines`],
      dropped > 0,
    ),
    tile('A write takes', write?.meanMicroseconds == null ? '–' : latencyText(write.meanMicroseconds), [
      write?.p99Microseconds == null ? '' : `99 %: ${latencyText(write.p99Microseconds)}`,
    ]),
    tile(
      'Destinations',
      destinations.length === 0 ? '–' : `${destinations.length - failing} of ${destinations.length}`,
      [destinations.length === 0 ? 'no collector' : failing === 0 ? 'all take records' : 'some do not'],
      failing > 0,
    ),
    tile('Server', server.status === null ? '–' : durationText(server.status.uptimeSeconds), [
      server.status === null ? '' : bytesText(server.status.memoryBytes),
      server.status === null ? '' : `${server.status.restarts} restarts`,
    ]),
  );
}

function tile(label: string, value: string, notes: readonly string[], isBad = false): HTMLElement {
  const note = notes.filter((text) => text !== '').join(' · ');
  return make(
    'div',
    'tile',
    make('div', 'label', label),
    make('div', isBad ? 'value bad' : 'value', value),
    make('div', 'note', note),
  );
}

export function showDestinations({ collector }: FullStatus, rates: Rates): void {
  const place = byId('destinations');
  const { status, resting } = collector;
  if (status !== null) {
    const most = Math.max(1, ...status.destinations.map(({ backlog }) => backlog.bytes));
    const rows = status.destinations.map((one) => destinationRow(one, rates.destinations.get(one.name), most));
    const columns = ['Destination', '~Sent', '~Acknowledged', '~A second', 'Waiting', 'Lag', '~Retried', '~Refused'];
    place.replaceChildren(makeTable(columns, rows));
  } else if (resting.length > 0) {
    const most = Math.max(1, ...resting.map(({ backlog }) => backlog.bytes));
    const rows = resting.map(({ name, backlog }) => [name, makeBar(backlog.bytes / most, bytesText(backlog.bytes))]);
    place.replaceChildren(makeTable(['Destination (no collector runs)', 'Waiting'], rows));
  } else {
    place.replaceChildren(make('p', 'quiet', 'No collector of ours runs here.'));
  }
}

function destinationRow(one: DestinationStatus, rate: number | undefined, most: number): CellContent[] {
  const { backlog, failure } = one;
  const name = make('div', '', one.name, ...(failure === null ? [] : [make('span', 'detail', failure)]));
  return [
    name,
    countText(one.sentRecords),
    countText(one.acknowledgedRecords),
    rate === undefined ? '' : countText(rate),
    makeBar(backlog.bytes / most, bytesText(backlog.bytes)),
    backlog.oldestSeconds === null ? '–' : durationText(backlog.oldestSeconds),
    countText(one.retries),
    { text: countText(one.refusedRecords), className: one.refusedRecords > 0 ? 'bad' : '' },
  ];
}

export function showStreams({ streams, streamCount }: ShownStatus, rates: Rates): void {
  const speed = ({ path }: StreamStatus): number => rates.streams.get(path)?.bytes ?? 0;
  const shown = [...streams]
    .sort(
      (a, b) =>
        b.droppedBytes - a.droppedBytes ||
        b.backlog.bytes - a.backlog.bytes ||
        speed(b) - speed(a) ||
        (a.path < b.path ? -1 : 1),
    )
    .slice(0, MAX_ROWS);
  const most = Math.max(1, ...shown.map(({ backlog }) => backlog.bytes));
  const rows = shown.map((stream): CellContent[] => [
    stream.path,
    bytesText(stream.capturedBytes),
    `${bytesText(speed(stream))}/s`,
    makeBar(stream.backlog.bytes / most, bytesText(stream.backlog.bytes)),
    countText(stream.backlog.chunks),
    stream.backlog.oldestSeconds === null ? '–' : durationText(stream.backlog.oldestSeconds),
    {
      text: stream.droppedBytes === 0 ? '0' : bytesText(stream.droppedBytes),
      className: stream.droppedBytes > 0 ? 'bad' : '',
    },
  ]);
  const columns = ['Log', '~Captured', 'Rate', 'Waiting', '~Chunks', '~Oldest', 'Dropped'];
  const nothing = make('p', 'quiet', 'Nothing was captured yet, and nothing waits.');
  byId('streams').replaceChildren(shown.length === 0 ? nothing : makeTable(columns, rows));
  const rest = streamCount - shown.length;
  byId('more').textContent = rest > 0 ? `${countText(rest)} more: logagg-fs status --json has all of them.` : '';
}
