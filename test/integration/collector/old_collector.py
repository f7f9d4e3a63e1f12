#!/usr/bin/env python3
"""What deep-compute's logagg-collector does with a log cache, and nothing else.

usage: old_collector.py ROOT PATTERN...

It tracks PATTERN by renaming a new trackfiles.txt over the old one. Then it reads logs/ until its standard input ends:
groups `logs/*.log` by the md5 in front, sorts each group by name, reads each file line by line from the offset that it
keeps in `<chunk>.offset`, and deletes all files but the newest of a group, each with its offset file. Lines go to
standard output as `<md5> <line>`. It then reads all once more, the newest files included, and ends.
"""
import glob
import os
import select
import sys
import tempfile


def track(root, patterns):
    handle, name = tempfile.mkstemp(dir=root)
    with os.fdopen(handle, 'w') as file:
        file.write('\n'.join(patterns) + '\n')
    os.rename(name, os.path.join(root, 'trackfiles.txt'))


def groups(root):
    found = {}
    for path in glob.glob(os.path.join(root, 'logs', '*.log')):
        found.setdefault(os.path.basename(path).split('.')[0], []).append(path)
    return {stream: sorted(paths) for stream, paths in found.items()}


def read_offset(path):
    try:
        with open(path + '.offset') as file:
            return int(file.read())
    except FileNotFoundError:
        return 0


def read_lines(stream, path):
    with open(path, 'rb') as file:
        file.seek(read_offset(path))
        for line in iter(file.readline, b''):
            sys.stdout.buffer.write(stream.encode() + b' ' + line)
        position = file.tell()
    with open(path + '.offset', 'w') as file:
        file.write(str(position))


def collect(root):
    for stream, paths in groups(root).items():
        for path in paths:
            read_lines(stream, path)
        for path in paths[:-1]:
            os.remove(path)
            os.remove(path + '.offset')
    sys.stdout.flush()


def main():
    root, patterns = sys.argv[1], sys.argv[2:]
    track(root, patterns)
    while not select.select([sys.stdin], [], [], 0.2)[0]:
        collect(root)
    collect(root)


main()
