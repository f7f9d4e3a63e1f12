/**
 * Whether a destination can be opened as it is configured. Guarantees: delivers nothing; the error is one line.
 */
import { hostname } from 'node:os';
import type { DestinationConfig } from '../config/collector-config.js';
import { findFormat } from '../formats/find-format.js';
import { openSink } from './open-sink.js';

/** @throws LogaggError with one line */
export function checkDestination({ url, format, credentials }: DestinationConfig): void {
  const secrets = credentials === undefined ? {} : { credentials };
  const sink = openSink(url, { format: findFormat(format), host: hostname(), ...secrets });
  // Nothing was delivered: there is nothing that closing could fail at.
  void sink.close().catch(() => undefined);
}
