/**
 * The dashboard: asks for the status every two seconds while somebody looks, and shows it.
 *
 * Guarantees: asks where the page came from and nobody else. A server that does not answer is shown as that, with gaps in the charts.
 */
import { bytesText, countText } from '../status/quantities.js';
import { noRates, ratesBetween } from '../status/rates.js';
import { Chart } from './chart.js';
import { byId } from './elements.js';
import { History } from './history.js';
import { type ShownStatus, setBadge, showBadges, showDestinations, showStreams, showTiles } from './panels.js';

const INTERVAL_MS = 2000;
const PATIENCE_MS = 8000;

const history = new History();
const bytes = { format: bytesText, smallest: 4096, isBytes: true };
const byteRate = { ...bytes, format: (value: number): string => `${bytesText(value)}/s` };
const recordRate = { format: (value: number): string => `${countText(value)}/s`, smallest: 10, isBytes: false };
const charts = {
  captured: new Chart(byId('captured-chart'), byteRate),
  waiting: new Chart(byId('waiting-chart'), bytes),
  delivered: new Chart(byId('delivered-chart'), recordRate),
  dropped: new Chart(byId('dropped-chart'), byteRate),
};
let before: ShownStatus | undefined;

async function look(): Promise<void> {
  const problem = byId('problem');
  try {
    const answer = await fetch('status.json', { cache: 'no-store', signal: AbortSignal.timeout(PATIENCE_MS) });
    if (!answer.ok) throw new Error(`it answers ${answer.status}`);
    // Ours, from where the page came: it needs no check.
    show((await answer.json()) as ShownStatus);
    problem.hidden = true;
  } catch (error) {
    problem.textContent = `No answer: ${error instanceof Error ? error.message : String(error)}. What is shown is old.`;
    problem.hidden = false;
    setBadge('server-badge', 'no answer', 'bad');
    history.add(Date.now() / 1000, undefined, noRates);
    draw();
  }
}

function show(status: ShownStatus): void {
  const rates = ratesBetween(before, status);
  history.add(Date.parse(status.time) / 1000, status, rates);
  before = status;
  showBadges(status);
  showTiles(status, rates);
  showDestinations(status, rates);
  showStreams(status, rates);
  draw();
  byId('age').textContent = `As of ${new Date(status.time).toLocaleTimeString()}`;
}

function draw(): void {
  charts.captured.show(history.captured.data);
  charts.waiting.show(history.waiting.data);
  charts.delivered.show(history.delivered.data);
  charts.dropped.show(history.dropped.data);
}

async function follow(): Promise<void> {
  if (!document.hidden) await look();
  setTimeout(() => void follow(), INTERVAL_MS);
}

void follow();
