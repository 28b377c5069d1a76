#!/usr/bin/env python3
"""Writes pHashes of small pictures: core/src/test/resources/goldens/image/phash.csv (name, hash).

  python tools/goldens/hash.py [core/src/test/resources/goldens/image]

Needs pillow and imagehash (made with pillow 13.0.0, imagehash 4.3.2). The pictures are those that tools/goldens/image.py drew.
"""
import glob
import os
import sys

import imagehash
from PIL import Image

FOLDER = sys.argv[1] if len(sys.argv) > 1 else "core/src/test/resources/goldens/image"

with open(f"{FOLDER}/phash.csv", "w") as out:
    for path in sorted(glob.glob(f"{FOLDER}/expected/*.png")):
        print(os.path.basename(path), imagehash.phash(Image.open(path)), sep=",", file=out)
