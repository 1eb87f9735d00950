#!/usr/bin/env python3
"""Unpacks members of a wheel.

    unpack_wheel.py WHEEL FOLDER MEMBER...

A member that ends in "/" stands for everything below it. Nothing is written outside of FOLDER, a member that is
missing is an error, and the sizes that the archive claims are bounded. Standard library only.
"""

import os
import shutil
import sys
import zipfile

LARGEST_TOTAL = 2 << 30


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    wheel, folder, wanted = sys.argv[1], os.path.realpath(sys.argv[2]), sys.argv[3:]
    try:
        with zipfile.ZipFile(wheel) as archive:
            chosen = []
            for pattern in wanted:
                members = [
                    entry
                    for entry in archive.infolist()
                    if not entry.is_dir()
                    and (entry.filename.startswith(pattern) if pattern.endswith("/") else entry.filename == pattern)
                ]
                if not members:
                    sys.exit("error: there is no '%s' in %s" % (pattern, os.path.basename(wheel)))
                chosen += members
            if sum(entry.file_size for entry in chosen) > LARGEST_TOTAL:
                sys.exit("error: %s claims to hold more than 2 GiB" % os.path.basename(wheel))
            for entry in chosen:
                target = os.path.realpath(os.path.join(folder, entry.filename))
                if not target.startswith(folder + os.sep):
                    sys.exit("error: '%s' would be written outside of its folder" % entry.filename)
                os.makedirs(os.path.dirname(target), exist_ok=True)
                with archive.open(entry) as source, open(target, "wb") as file:
                    shutil.copyfileobj(source, file, 1 << 20)
    except (OSError, zipfile.BadZipFile, RuntimeError) as error:
        sys.exit("error: cannot unpack %s: %s" % (os.path.basename(wheel), error))


if __name__ == "__main__":
    main()
