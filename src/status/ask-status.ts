/**
 * Asking a server or a collector for its document.
 *
 * Guarantees: an answer within the time limit, whatever the other side does; what it says is checked. Touches nothing but the
 * socket and the file with the pid.
 */
import { closeSync, openSync, readFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { dirname } from 'node:path';
import type { z } from 'zod';
import { isOurProgram } from '../config/program-files.js';
import { errorCode, reasonOf } from '../libc/errno-text.js';
import { socketAddress } from './socket-address.js';
import type { Presence } from './status-document.js';

/** Longest time in milliseconds to wait for an answer. */
const PATIENCE = 3000;

/** More than 20,000 streams with the longest of paths would take. */
const MAX_BYTES = 256 * 1024 * 1024;

export interface Answer<Status> {
  readonly state: Presence;
  /** Why there is no document; null when there is one. */
  readonly reason: string | null;
  readonly status: Status | null;
}

/**
 * @param socket - absolute path
 * @param pidFile - where the process notes its pid while it lives
 */
export async function askStatus<Status>(
  socket: string,
  pidFile: string,
  schema: z.ZodType<Status>,
  patience = PATIENCE,
): Promise<Answer<Status>> {
  let text: string;
  try {
    text = await read(socket, patience);
  } catch (error) {
    return missing(error, pidFile, patience);
  }
  const parsed = schema.safeParse(parseJson(text));
  if (parsed.success) return { state: 'running', reason: null, status: parsed.data };
  return { state: 'unreadable', reason: 'it answers in another version of the format', status: null };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

class NoAnswer extends Error {}

function read(socket: string, patience: number): Promise<string> {
  const folderFd = openSync(dirname(socket), 'r');
  return new Promise<string>((resolve, reject) => {
    const parts: Buffer[] = [];
    let length = 0;
    const client = createConnection(socketAddress(folderFd, socket));
    const timer = setTimeout(() => client.destroy(new NoAnswer()), patience);
    client.on('data', (part: Buffer) => {
      parts.push(part);
      length += part.length;
      if (length > MAX_BYTES) client.destroy(new NoAnswer());
    });
    client.on('end', () => resolve(Buffer.concat(parts).toString()));
    client.on('error', reject);
    client.on('close', () => clearTimeout(timer));
  }).finally(() => closeSync(folderFd));
}

function missing<Status>(error: unknown, pidFile: string, patience: number): Answer<Status> {
  const code = errorCode(error);
  const pid = livingProcess(pidFile);
  if (code === 'EACCES' || code === 'EPERM') {
    return { state: 'unreadable', reason: 'you may not ask it: try as root, or as a member of group=', status: null };
  }
  if (error instanceof NoAnswer) {
    const who = pid === undefined ? 'the process' : `process ${pid}`;
    return { state: 'silent', reason: `${who} does not answer within ${patience / 1000} s`, status: null };
  }
  const isAbsent = code === 'ENOENT' || code === 'ECONNREFUSED' || code === 'ECONNRESET';
  if (!isAbsent) return { state: 'unreadable', reason: reasonOf(error), status: null };
  if (pid !== undefined) {
    return { state: 'silent', reason: `process ${pid} lives but has no socket to ask it at`, status: null };
  }
  const last = readPid(pidFile);
  const reason = last === undefined ? 'there is none' : `process ${last} is gone`;
  return { state: 'absent', reason, status: null };
}

/** The pid in the file, if a process of ours has that number. */
function livingProcess(pidFile: string): number | undefined {
  const pid = readPid(pidFile);
  if (pid === undefined) return undefined;
  try {
    return isOurProgram(readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0')) ? pid : undefined;
  } catch {
    return undefined;
  }
}

function readPid(pidFile: string): number | undefined {
  try {
    const pid = Number(readFileSync(pidFile, 'utf8').trim());
    return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}
