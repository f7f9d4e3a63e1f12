/**
 * Breaking requests: turning what a kernel sends into what it never would.
 *
 * Guarantees: the result fits the server's buffer. The length in the header is mostly the true one, for otherwise
 * nothing else would be looked at.
 */
import { InHeader } from '../../src/fuse/layout.js';
import { MAX_WRITE } from '../../src/fuse/negotiation.js';
import { Opcode } from '../../src/fuse/opcode.js';
import type { Random } from './fuzz-random.js';
import { type Draft, interesting } from './fuzz-requests.js';

/** Longest message: what the server has room for. */
const longest = MAX_WRITE + 4096;

const flipBits = (body: Buffer, random: Random): Buffer => {
  const flips = 1 + random.below(4);
  for (let i = 0; i < flips && body.length > 0; i++) {
    const index = random.below(body.length);
    body[index] = (body[index] ?? 0) ^ (1 << random.below(8));
  }
  return body;
};

const truncate = (body: Buffer, random: Random): Buffer => body.subarray(0, random.below(body.length + 1));

const extend = (body: Buffer, random: Random): Buffer => Buffer.concat([body, random.bytes(random.below(300))]);

const dropLastByte = (body: Buffer): Buffer => body.subarray(0, Math.max(0, body.length - 1));

const putNumber = (body: Buffer, random: Random): Buffer => {
  const width = random.pick([4, 8]);
  if (body.length < width) return body;
  const offset = random.below(Math.floor((body.length - width) / 4) + 1) * 4;
  const value = random.pick(interesting);
  if (width === 4) body.writeUInt32LE(Number(BigInt.asUintN(32, value)), offset);
  else body.writeBigUInt64LE(BigInt.asUintN(64, value), offset);
  return body;
};

const replace = (_body: Buffer, random: Random): Buffer => random.bytes(random.below(400));

const mutations = [flipBits, truncate, truncate, extend, dropLastByte, putNumber, putNumber, replace];

/** @returns the body, broken in one way or more; the same buffer at times */
export function mutate(body: Buffer, random: Random): Buffer {
  let mutated = random.pick(mutations)(body, random);
  while (random.chance(0.3)) mutated = random.pick(mutations)(mutated, random);
  return mutated;
}

/** The whole message. @param unique - number of the request */
export function encode({ opcode, nodeId, body }: Draft, unique: number, random: Random): Buffer {
  const message = Buffer.concat([Buffer.alloc(InHeader.size), body]).subarray(0, longest);
  message.writeUInt32LE(message.length, InHeader.len);
  message.writeUInt32LE(Opcode[opcode], InHeader.opcode);
  message.writeBigUInt64LE(BigInt(unique), InHeader.unique);
  message.writeBigUInt64LE(BigInt.asUintN(64, nodeId), InHeader.nodeid);
  message.writeUInt32LE(random.pick([0, 0, 1000, 65_534, 0xffffffff]), InHeader.uid);
  message.writeUInt32LE(random.pick([0, 0, 1000, 65_534, 0xffffffff]), InHeader.gid);
  message.writeUInt32LE(random.pick([0, process.pid, 0xffffffff]), InHeader.pid);
  return message;
}

/** A header that lies, or is cut. */
export function breakHeader(message: Buffer, random: Random): Buffer {
  if (random.chance(0.3)) return message.subarray(0, 1 + random.below(Math.min(message.length, InHeader.size + 8)));
  const field = random.pick([InHeader.len, InHeader.opcode]);
  message.writeUInt32LE(random.chance(0.5) ? random.u32() : random.below(64), field);
  return message;
}
