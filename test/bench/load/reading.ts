/**
 * Reading a file in order, here and there, and through a memory mapping.
 *
 * Guarantees: every pass begins with a new open, because most FUSE file systems drop their cached pages at open. Random
 * offsets are the same each time. Mapped memory is copied out, as a program would that looks at it.
 */
import { closeSync, openSync } from 'node:fs';
import type { PreparedJob, ReadJob } from './job.js';
import { copy, MAP_SHARED, mmap, munmap, PROT_READ, pread, read } from './system-calls.js';
import { batch, fail, logLines, timed } from './timed-loop.js';

/** One way to read: `pass` begins a new pass over the file, `step` reads once. */
interface Reader {
  pass(): void;
  step(index: number): void;
  end(): void;
}

function withOpenFile(path: string, step: (fd: number, index: number) => void): Reader {
  let fd = -1;
  const end = (): void => {
    if (fd !== -1) closeSync(fd);
  };
  return {
    pass() {
      end();
      fd = openSync(path, 'r');
    },
    step: (index) => step(fd, index),
    end,
  };
}

function sequential(job: ReadJob, target: number): Reader {
  return withOpenFile(job.path, (fd) => {
    if (read(fd, target, job.size) !== job.size) fail('read');
  });
}

/** Offsets of all pieces of the file, shuffled by a linear congruence. */
function shuffledOffsets(length: number, size: number): number[] {
  const offsets = Array.from({ length: Math.floor(length / size) }, (_, index) => index * size);
  let state = 1;
  for (let last = offsets.length - 1; last > 0; last--) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    const other = state % (last + 1);
    [offsets[last], offsets[other]] = [offsets[other] ?? 0, offsets[last] ?? 0];
  }
  return offsets;
}

function random(job: ReadJob, target: number): Reader {
  const offsets = shuffledOffsets(job.length, job.size);
  return withOpenFile(job.path, (fd, index) => {
    if (pread(fd, target, job.size, offsets[index]) !== job.size) fail('pread');
  });
}

function mapped(job: ReadJob, target: number): Reader {
  let address = 0;
  const end = (): void => {
    if (address !== 0) munmap(address, job.length);
  };
  return {
    pass() {
      end();
      const fd = openSync(job.path, 'r');
      address = mmap(0, job.length, PROT_READ, MAP_SHARED, fd, 0);
      closeSync(fd);
      if (address <= 0) fail('mmap');
    },
    step(index) {
      copy(target, address + index * job.size, job.size);
    },
    end,
  };
}

export function prepareRead(job: ReadJob): PreparedJob {
  const { address } = logLines(job.size);
  const reader = { sequential, random, mmap: mapped }[job.how](job, address);
  const steps = Math.floor(job.length / job.size);
  let index = steps;
  const readOn = (): void => {
    if (index === steps) {
      reader.pass();
      index = 0;
    }
    reader.step(index++);
  };
  readOn();
  return { run: () => timed(job.limit, batch, readOn), finish: () => reader.end() };
}
