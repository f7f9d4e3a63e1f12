import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { InHeader, InitFlag, InitFlag2, InitIn, InitOut, OutHeader } from '../../src/fuse/layout.js';
import { type Negotiated, negotiate, type Unsupported } from '../../src/fuse/negotiation.js';
import { Reply } from '../../src/fuse/reply.js';
import { Request } from '../../src/fuse/request.js';
import { MemoryRegion } from '../../src/libc/memory.js';

const WRITEBACK_CACHE = 1 << 16;
const EVERYTHING = 0xffffffff;

interface Offer {
  readonly major?: number;
  readonly minor: number;
  readonly flags: number;
  readonly flags2?: number;
}

function offer({ major = 7, minor, flags, flags2 = 0 }: Offer, wantsPassthrough = true, wantsUring = false) {
  const request = new Request(new MemoryRegion(4096));
  const put = (offset: number, value: number): void => {
    request.region.bytes.writeUInt32LE(value >>> 0, InHeader.size + offset);
  };
  put(InitIn.major, major);
  put(InitIn.minor, minor);
  put(InitIn.flags, flags);
  put(InitIn.flags2, flags2);
  request.length = InHeader.size + 64;
  const reply = new Reply(new MemoryRegion(512));
  const result: Negotiated | Unsupported = negotiate(request, reply, {
    passthrough: wantsPassthrough,
    nativeUntracked: false,
    recoverable: false,
    uring: wantsUring,
  });
  const field = (offset: number): number => reply.region.bytes.readUInt32LE(OutHeader.size + offset);
  return { result, field };
}

/** What a kernel of today and we agree on, without passthrough. */
const agreed: Negotiated = {
  minor: 45,
  passthrough: false,
  backing: false,
  resend: true,
  uring: false,
  longSetxattr: true,
};

describe('INIT', () => {
  test('a kernel of today gets passthrough', () => {
    const { result, field } = offer({ minor: 45, flags: EVERYTHING, flags2: EVERYTHING });
    assert.deepEqual(result, { ...agreed, passthrough: true, backing: true });
    assert.equal(field(InitOut.flags2) & InitFlag2.passthrough, InitFlag2.passthrough);
    assert.equal(field(InitOut.maxStackDepth), 1);
  });

  test('passthrough is not asked for when the user turned it off', () => {
    const { result, field } = offer({ minor: 45, flags: EVERYTHING, flags2: EVERYTHING }, false);
    assert.deepEqual(result, agreed);
    assert.equal(field(InitOut.flags2) & InitFlag2.passthrough, 0);
    assert.equal(field(InitOut.maxStackDepth), 0);
  });

  test('io_uring is agreed on only where it is wanted and offered', () => {
    const wanted = { minor: 45, flags: EVERYTHING, flags2: EVERYTHING };
    const { result, field } = offer(wanted, true, true);
    assert.ok('uring' in result && result.uring);
    assert.equal(field(InitOut.flags2) & InitFlag2.overIoUring, InitFlag2.overIoUring);
    assert.equal(offer(wanted).field(InitOut.flags2) & InitFlag2.overIoUring, 0);
    const unoffered = offer({ ...wanted, flags2: EVERYTHING & ~InitFlag2.overIoUring }, true, true);
    assert.ok('uring' in unoffered.result && !unoffered.result.uring);
  });

  test('the kernel of Debian 11 (7.32) gets its own version, and nothing that it did not offer', () => {
    const offered = InitFlag.asyncRead | InitFlag.bigWrites | InitFlag.maxPages | InitFlag.dontMask;
    const { result, field } = offer({ minor: 32, flags: offered, flags2: EVERYTHING });
    assert.deepEqual(result, { ...agreed, minor: 32, resend: false, longSetxattr: false });
    assert.equal(field(InitOut.minor), 32);
    assert.equal(field(InitOut.flags), offered);
    assert.equal(field(InitOut.flags2), 0, 'flags2 counts only with FUSE_INIT_EXT');
  });

  test('a kernel newer than we know is answered with the version that we know', () => {
    assert.equal(offer({ minor: 99, flags: EVERYTHING }).field(InitOut.minor), 45);
  });

  test('writes are never cached for later: each one must come as it was made', () => {
    assert.equal(offer({ minor: 45, flags: EVERYTHING }).field(InitOut.flags) & WRITEBACK_CACHE, 0);
  });

  test('writes of 1 MiB are agreed on', () => {
    const { field } = offer({ minor: 45, flags: EVERYTHING });
    assert.equal(field(InitOut.maxWrite), 1024 * 1024);
    assert.equal(field(InitOut.maxPages) & 0xffff, 256);
  });

  for (const [major, minor] of [
    [7, 31],
    [6, 45],
    [8, 0],
  ] as const) {
    test(`protocol ${major}.${minor} is refused with a line that names it`, () => {
      const { result } = offer({ major, minor, flags: EVERYTHING });
      assert.ok('unsupported' in result);
      assert.match(result.unsupported, new RegExp(`FUSE ${major}\\.${minor}`));
    });
  }
});
