#!/usr/bin/env python3
"""Downloads one file over https.

    download.py ADDRESS FILE

The usual proxy variables apply. The caller checks the file's hash. Standard library only.
"""

import sys
import urllib.error
import urllib.request

LARGEST = 2 << 30


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    address, path = sys.argv[1:]
    if not address.startswith("https://"):
        sys.exit("error: %s is no https address" % address)
    try:
        with urllib.request.urlopen(address, timeout=30) as answer, open(path, "wb") as file:
            total = 0
            while True:
                part = answer.read(1 << 16)
                if not part:
                    break
                total += len(part)
                if total > LARGEST:
                    sys.exit("error: %s sends more than 2 GiB" % address)
                file.write(part)
    except urllib.error.HTTPError as error:
        sys.exit("error: %s answers %d %s" % (address, error.code, error.reason))
    except (urllib.error.URLError, OSError, ValueError) as error:
        sys.exit("error: network: %s" % getattr(error, "reason", error))


if __name__ == "__main__":
    main()
